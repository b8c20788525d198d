"""System calls that are allowed with some arguments only.

Every rule looks at both halves of an argument, because the kernel reads some arguments as 32 bits and some
as 64: a filter that looks at one half can be passed with a value in the other.
"""

import errno

from evaluations.runner.sandbox.bpf import (
    ALLOW,
    Block,
    answer,
    high_half,
    if_equal,
    low_half,
    mask,
    refuse,
    unless_equal,
)

# What the C libraries start a thread with; anything else is a new process, a new namespace or a sibling.
THREAD_FLAGS = 0x3D0F00  # VM FS FILES SIGHAND THREAD SYSVSEM SETTLS PARENT_SETTID CHILD_CLEARTID
CLONE_DETACHED = 0x400000  # without effect since Linux 2.6; some libraries still set it
AF_UNIX, SOCK_STREAM, SOCKET_KIND = 1, 1, 0xF

# F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC F_GETPIPE_SZ F_GET_SEALS: no owner, lock or seal
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030, 1032, 1034)
# TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX: what `isatty` and Python's files ask
IOCTL_REQUESTS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# nvidia-uvm's ioctls are small bare numbers but for the two that open and close it; the driver's have type F.
UVM_REQUESTS, NVIDIA_TYPE = (0x30000001, 0x30000002), ord("F") << 8
REQUEST_TYPE, ALL_BUT_NUMBER = 0xFF00, 0xFFFFFF00
# Names, timer slack, huge pages, and questions; nothing that undoes the death signal or the dumpable flag.
PRCTL_OPTIONS = (3, 15, 16, 21, 23, 27, 29, 30, 39, 40, 41, 42, 0x53564D41)


def rules(pid: int, *, gpu: bool = False) -> dict[str, Block]:
    """Name to what is asked of the call's arguments, for the process `pid`; each block ends the filter."""
    own, other = (0, pid), errno.EPERM
    return {
        "clone": _thread_only(),
        "clone3": refuse(errno.ENOSYS),  # its flags are out of sight: C libraries fall back to clone
        "kill": _one_of(0, own, other),
        "tgkill": _one_of(0, (pid,), other),
        "prlimit64": _one_of(0, own, other),
        "getpgid": _one_of(0, own, other),
        "getsid": _one_of(0, own, other),
        "getpriority": _one_of(1, own, other),
        "sched_setaffinity": _one_of(0, own, other),
        "prctl": _one_of(0, PRCTL_OPTIONS, other),
        "fcntl": _one_of(1, FCNTL_COMMANDS, other),
        "ioctl": _of_gpus() if gpu else _one_of(1, IOCTL_REQUESTS, errno.ENOTTY),
        "sendto": _without_address(),
        "socketpair": _stream_pair(),
    }


def _one_of(argument: int, values: tuple[int, ...], error: int) -> Block:
    accepted = tuple(step for value in values for step in if_equal(value, answer(ALLOW)))
    return (*_small(argument, error), *low_half(argument), *accepted, *refuse(error))


def _of_gpus() -> Block:
    """The NVIDIA driver's own requests besides: those of type F, and the unified memory's bare numbers.

    On which devices they work is Landlock's to say, from its fifth version on.
    """
    of_driver = (*low_half(1), *mask(REQUEST_TYPE), *if_equal(NVIDIA_TYPE, answer(ALLOW)))
    of_memory = (*low_half(1), *mask(ALL_BUT_NUMBER), *if_equal(0, answer(ALLOW)))
    known = tuple(step for request in UVM_REQUESTS for step in if_equal(request, answer(ALLOW)))
    return (
        *_small(1, errno.ENOTTY),
        *of_driver,
        *of_memory,
        *low_half(1),
        *known,
        *_one_of(1, IOCTL_REQUESTS, errno.ENOTTY),
    )


def _small(argument: int, error: int) -> Block:
    return (*high_half(argument), *unless_equal(0, refuse(error)))


def _thread_only() -> Block:
    with_detached = if_equal(THREAD_FLAGS | CLONE_DETACHED, answer(ALLOW))
    accepted = (*if_equal(THREAD_FLAGS, answer(ALLOW)), *with_detached)
    return (*_small(0, errno.EPERM), *low_half(0), *accepted, *refuse(errno.EPERM))


def _without_address() -> Block:
    """An inherited socket may be written to; no destination may be named (TCP Fast Open connects by one)."""
    return (*_one_of(4, (0,), errno.EPERM),)


def _stream_pair() -> Block:
    """Stream pairs stay pairs; a datagram pair could be connected to somebody else's path."""
    kind = (*low_half(1), *mask(SOCKET_KIND), *if_equal(SOCK_STREAM, answer(ALLOW)))
    return (*low_half(0), *unless_equal(AF_UNIX, refuse(errno.EPERM)), *kind, *refuse(errno.EPERM))
