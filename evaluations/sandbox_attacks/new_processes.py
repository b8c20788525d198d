"""Becoming more than one process, or another program."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from evaluations.runner.sandbox.kernel import syscall
from evaluations.sandbox_attacks.attack import Arena, Attack, expect

HIGH = 1 << 32
CLONE_PARENT = 0x8000


def _forked(start: Callable[[], int]) -> None:
    pid = start()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0x40000000)


def _clone(flags: int) -> int:
    return syscall("clone", flags | signal.SIGCHLD, None, None, None, None)


def _clone3() -> int:
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD)
    return syscall("clone3", arguments, 88)


def _start_program(a: Arena) -> None:
    subprocess.run(["/bin/true"], check=True)


def _spawn(a: Arena) -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


def _worker(a: Arena) -> None:
    import multiprocessing

    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()


def _memory_file_program(a: Arena) -> None:
    program = syscall("memfd_create", b"program", 0)
    os.write(program, Path("/bin/true").read_bytes())
    _execute(f"/proc/self/fd/{program}")


def _own_program(a: Arena) -> None:
    path = Path(a.own, "program")
    path.write_text("#!/bin/true\n")
    path.chmod(0o700)
    _execute(str(path))


def _execute(path: str) -> None:
    """Replace this process; exit status 42 tells that the file could be run at all."""
    os.execve("/bin/sh", ["sh", "-c", f'"{path}"; exit 42'], {})  # noqa: S606


def _forked_sibling() -> None:
    """A child for the parent to reap, which the parent knows nothing of."""
    if _clone(CLONE_PARENT) == 0:
        os._exit(0)


def _daemon() -> int:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            os._exit(0)
    return pid


TRICKS: dict[str, Callable[[Arena], object]] = {
    "fork": lambda a: _forked(os.fork),
    "fork by the old call": lambda a: _forked(lambda: syscall("fork")),
    "clone": lambda a: _forked(lambda: _clone(0)),
    "clone by the high half": lambda a: _forked(
        lambda: syscall("clone", HIGH | signal.SIGCHLD, None, None, None, None)
    ),
    "clone a sibling": lambda a: _forked_sibling(),
    "clone3": lambda a: _forked(_clone3),
    "double fork into a new session": lambda a: _forked(_daemon),
    "a worker process": _worker,
    "a program": _start_program,
    "a program by spawn": _spawn,
    "a program through the shell": lambda a: expect(os.system("exit 0") == 0),  # noqa: S605, S607
    "a program through a pipe": lambda a: expect(os.popen("echo x").read()),  # noqa: S605, S607
    "another interpreter": lambda a: subprocess.run([sys.executable, "-c", ""], check=True),
    "become a program": lambda a: _execute("/bin/true"),
    "become a program by descriptor": lambda a: os.execve(os.open("/bin/true", os.O_RDONLY), ["true"], {}),  # noqa: S606
    "become a program in memory": _memory_file_program,
    "become a program of its own": _own_program,
}

ATTACKS = [Attack("new process", name, attempt) for name, attempt in TRICKS.items()]
