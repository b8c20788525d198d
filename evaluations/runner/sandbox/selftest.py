"""Trying the walls from inside, before a submitted line runs: a wall that gives way ends the process."""

import errno
import os
import resource
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from evaluations.runner.sandbox.kernel import prctl, syscall
from evaluations.runner.sandbox.policy import Policy

PTRACE_ATTACH, PR_SET_PDEATHSIG, CLONE_NEWUSER = 16, 1, 0x10000000
WALL_ERRORS = (errno.EPERM, errno.EACCES, errno.ENOSYS)
OUTSIDE = ("/etc/passwd", "/etc/hostname", "/proc/1/status", "/proc/mounts")


def probe(policy: Policy) -> dict[str, bool]:
    """Name of each wall to whether it stands; the last checks are that needed things still work."""
    beside = Path(policy.write[0]).with_name("probe")
    probes: dict[str, Callable[[], object]] = {
        **{f"read {path}": partial(_read, path) for path in OUTSIDE if os.access(path, os.F_OK)},
        "list /": lambda: list(Path("/").iterdir()),
        "create beside": lambda: os.close(os.open(beside, os.O_CREAT | os.O_WRONLY)),
        "read memory of parent": lambda: _read(f"/proc/{os.getppid()}/mem"),
        "read environment of parent": lambda: _read(f"/proc/{os.getppid()}/environ"),
        "signal parent": lambda: os.kill(os.getppid(), 0),
        "signal parent by the high half": lambda: syscall("kill", os.getppid() | 1 << 32, 0),
        "trace parent": lambda: syscall("ptrace", PTRACE_ATTACH, os.getppid(), 0, 0),
        "memory of parent": lambda: syscall("process_vm_readv", os.getppid(), None, 0, None, 0, 0),
        "limits of parent": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
        "internet socket": partial(socket.socket, socket.AF_INET, socket.SOCK_STREAM),
        "unix socket": partial(socket.socket, socket.AF_UNIX, socket.SOCK_DGRAM),
        "execute": lambda: os.execve("/nonexistent/program", ["program"], {}),  # noqa: S606
        "fork": _fork,
        "namespace": lambda: syscall("unshare", CLONE_NEWUSER),
        "io_uring": lambda: syscall("io_uring_setup", 1, None),
        "bpf": lambda: syscall("bpf", 0, None, 0),
        "keyring": lambda: syscall("keyctl", 0, 0, 0, 0, 0),
        "memory file": lambda: syscall("memfd_create", b"x", 0),
        "survive parent": lambda: prctl(PR_SET_PDEATHSIG, 0),
        "raise a limit": _raise_limit,
    }
    if policy.gpus:
        del probes["memory file"]  # CUDA makes them
    stands = {name: _refused(attempt) for name, attempt in probes.items()}
    return stands | {f"reach {Path(path).name}": os.access(path, os.W_OK) for path in policy.write}


def _refused(attempt: Callable[[], object]) -> bool:
    """Only a wall's own answer counts: a call that got further and found its arguments wrong has passed."""
    try:
        attempt()
    except OSError as error:
        return error.errno in WALL_ERRORS
    except ValueError:  # how Python words a limit that may not be raised
        return True
    return False


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - what a submission would do
        return file.read(1)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _raise_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard + 1))
