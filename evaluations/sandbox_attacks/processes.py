"""Reaching other processes: their memory, their secrets, their signals; undoing its own chains."""

import ctypes
import fcntl
import os
import resource
import signal
from collections.abc import Callable

from evaluations.runner.sandbox.kernel import prctl, syscall
from evaluations.sandbox_attacks.attack import Arena, Attack, Blocked, expect, reach
from evaluations.sandbox_attacks.reading import listed, read

HIGH = 1 << 32
PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE = 0, 16, 17, 0x4206
F_SETOWN, F_SETSIG, F_SETOWN_EX, FIOSETOWN = 8, 10, 15, 0x8901
OF_A_PROCESS = ("environ", "maps", "cmdline", "status", "stat", "io", "limits", "wchan", "mountinfo")


def _attach(pid: int) -> None:
    syscall("ptrace", PTRACE_ATTACH, pid, 0, 0)
    os.waitpid(pid, 0x40000000)
    syscall("ptrace", PTRACE_DETACH, pid, 0, 0)


def _memory_file(a: Arena) -> None:
    descriptor = os.open(f"/proc/{a.victim}/mem", os.O_RDONLY)
    expect(os.pread(descriptor, 6, a.victim_address) == b"secret")


def _transfer(name: str) -> Callable[[Arena], object]:
    def attempt(a: Arena) -> None:
        here = ctypes.create_string_buffer(6)
        local = (ctypes.c_size_t * 2)(ctypes.addressof(here), 6)
        remote = (ctypes.c_size_t * 2)(a.victim_address, 6)
        if name == "process_vm_writev":
            here.raw = b"secret"
        expect(syscall(name, a.victim, local, 1, remote, 1, 0) == 6)

    return attempt


def _pidfd(a: Arena) -> int:
    return syscall("pidfd_open", a.victim, 0)


def _owner(value: int) -> Callable[[Arena], object]:
    def attempt(a: Arena) -> None:
        end, _ = os.pipe()
        syscall("fcntl", end, F_SETOWN, a.victim | value)

    return attempt


def _owner_by_structure(a: Arena) -> None:
    end, _ = os.pipe()
    syscall("fcntl", end, F_SETOWN_EX, (ctypes.c_int * 2)(1, a.victim))


def _signal_of_choice(a: Arena) -> None:
    end, _ = os.pipe()
    fcntl.fcntl(end, F_SETSIG, signal.SIGUSR1)


def _owner_by_ioctl(a: Arena) -> None:
    import socket

    end, _ = socket.socketpair()
    fcntl.ioctl(end, FIOSETOWN, (ctypes.c_int * 1)(a.victim))


def _queue(name: str, *head: int) -> Callable[[Arena], object]:
    def attempt(a: Arena) -> None:
        information = (ctypes.c_int * 32)(signal.SIGURG, 0, -1)
        syscall(name, a.victim, *([a.victim] * len(head)), signal.SIGURG, information)

    return attempt


def _affinity(a: Arena) -> None:
    os.sched_setaffinity(a.victim, os.sched_getaffinity(0))


def _raise_limit(a: Arena) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard + 1))


def _lower_limit_of_victim(a: Arena) -> None:
    limits = resource.prlimit(a.victim, resource.RLIMIT_CORE)
    resource.prlimit(a.victim, resource.RLIMIT_CORE, limits)


TRICKS: dict[str, Callable[[Arena], object]] = {
    "memory of the victim by its file": _memory_file,
    "memory of the parent by its file": lambda a: os.close(os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY)),
    "memory of the parent, for writing": lambda a: os.close(os.open(f"/proc/{os.getppid()}/mem", os.O_RDWR)),
    "memory of the victim by a call": _transfer("process_vm_readv"),
    "write memory of the victim by a call": _transfer("process_vm_writev"),
    "descriptors of the victim": lambda a: listed(f"/proc/{a.victim}/fd"),
    "descriptors of the parent": lambda a: listed(f"/proc/{os.getppid()}/fd"),
    "threads of the victim": lambda a: listed(f"/proc/{a.victim}/task"),
    "output of the victim": lambda a: os.close(os.open(f"/proc/{a.victim}/fd/1", os.O_WRONLY)),
    "trace the victim": lambda a: _attach(a.victim),
    "trace the parent": lambda a: reach("ptrace", PTRACE_SEIZE, os.getppid(), 1, 0),
    "seize the victim": lambda a: syscall("ptrace", PTRACE_SEIZE, a.victim, 0, 0),
    "be traced (a fake death)": lambda a: syscall("ptrace", PTRACE_TRACEME, 0, 0, 0),
    "a handle on the victim": _pidfd,
    "a descriptor of the victim": lambda a: syscall("pidfd_getfd", _pidfd(a), 1, 0),
    "signal by handle": lambda a: syscall("pidfd_send_signal", _pidfd(a), 0, None, 0),
    "compare with the victim": lambda a: syscall("kcmp", os.getpid(), a.victim, 1, 0, 0),
    "signal the victim": lambda a: os.kill(a.victim, signal.SIGURG),
    "signal the parent": lambda a: os.kill(os.getppid(), 0),
    "signal everybody": lambda a: os.kill(-1, 0),
    "signal the parent's group": lambda a: os.kill(-os.getpgid(os.getppid()), 0),
    "signal the parent by the high half": lambda a: syscall("kill", os.getppid() | HIGH, 0),
    "signal a thread": lambda a: syscall("tkill", a.victim, signal.SIGURG),
    "signal a thread of the victim": lambda a: syscall("tgkill", a.victim, a.victim, signal.SIGURG),
    "queue a signal": _queue("rt_sigqueueinfo"),
    "queue a signal to a thread": _queue("rt_tgsigqueueinfo", 1),
    "signals to an owner": _owner(0),
    "signals to an owner by the high half": _owner(HIGH),
    "signals to an owner by structure": _owner_by_structure,
    "signals to an owner by ioctl": _owner_by_ioctl,
    "a signal of its choice": _signal_of_choice,
    "limits of the victim by a call": _lower_limit_of_victim,
    "limits of the parent by a call": lambda a: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "raise a limit of its own": _raise_limit,
    "processors of the victim": _affinity,
    "priority of the victim": lambda a: os.setpriority(os.PRIO_PROCESS, a.victim, 1),
    "priority of its own": lambda a: os.nice(-1),
    "scheduler of the victim": lambda a: os.sched_setscheduler(a.victim, os.SCHED_BATCH, os.sched_param(0)),
    "real-time scheduling": lambda a: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
    "disk priority of the victim": lambda a: syscall("ioprio_set", 1, a.victim, 2 << 13 | 4),
    "group of the victim": lambda a: os.getpgid(a.victim),
    "session of the victim": lambda a: os.getsid(a.victim),
    "robust list of the victim": lambda a: syscall(
        "get_robust_list", a.victim, ctypes.byref(ctypes.c_size_t()), ctypes.byref(ctypes.c_size_t())
    ),
    "pages of the victim": lambda a: reach("migrate_pages", a.victim, 0, None, None),
    "placement of the victim's pages": lambda a: syscall("move_pages", a.victim, 0, None, None, None, 0),
    "advice on the victim's memory": lambda a: reach("process_madvise", _pidfd(a), None, 0, 4, 0),
    "outlive the parent": lambda a: prctl(1, 0),
    "be a reaper": lambda a: prctl(36, 1),
    "be undumpable": lambda a: prctl(4, 0),
    "let anybody trace it": lambda a: prctl(0x59616D61, 0xFFFFFFFFFFFFFFFF),
    "keep capabilities": lambda a: prctl(8, 1),
    "secure bits": lambda a: prctl(28, 0x2F),
    "memory map fields": lambda a: _expect_reached(lambda: prctl(35, 1, 0, 0, 0)),
    "another filter": lambda a: reach("seccomp", 1, 1 << 20, None),
    "another ruleset": lambda a: reach("landlock_create_ruleset", None, 0, 0),
}


def _expect_reached(call: Callable[[], object]) -> None:
    try:
        call()
    except OSError as error:
        if error.errno in (1, 13, 38):
            raise Blocked from error


def _of_the_victim(name: str) -> Callable[[Arena], object]:
    return lambda a: read(f"/proc/{a.victim}/{name}")


def _of_the_parent(name: str) -> Callable[[Arena], object]:
    return lambda a: read(f"/proc/{os.getppid()}/{name}")


ATTACKS = [
    *(Attack("process", f"{name} of the victim", _of_the_victim(name)) for name in OF_A_PROCESS),
    *(Attack("process", f"{name} of the parent", _of_the_parent(name)) for name in OF_A_PROCESS),
    *(Attack("process", name, attempt) for name, attempt in TRICKS.items()),
]
