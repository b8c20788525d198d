"""Giving up for ever what a process could regain: capabilities, new privileges, a life after its parent."""

import contextlib
import ctypes
import os
import signal
import struct

from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.kernel import libc, prctl, syscall

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITY_BITS = 64


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that started this process ends; refuse to run where it ended already."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SandboxUnavailable("the referee ended before its child began")


def drop_capabilities() -> None:
    """Empty every set, also for root, whose power is then that of the files it owns."""
    with contextlib.suppress(OSError):  # past the last capability, or without the right to drop: none is left
        for capability in range(CAPABILITY_BITS):
            prctl(PR_CAPBSET_DROP, capability)
    with contextlib.suppress(OSError):
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION_3, 0))
    syscall("capset", header, ctypes.create_string_buffer(24))


def no_new_privileges() -> None:
    """No set-user-id file and no file capability gives anything back."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def close_descriptors(keep: tuple[int, ...]) -> None:
    """Close everything but standard input, output, error and `keep`."""
    first = 3
    for number in (*sorted(keep), 1 << 31):
        if number > first:
            libc().close_range(ctypes.c_uint(first), ctypes.c_uint(number - 1), 0)
        first = number + 1
