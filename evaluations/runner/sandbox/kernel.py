"""Calls that Python has no name for, through libc."""

import ctypes
import os
from functools import cache
from typing import Any

from evaluations.runner.sandbox.syscalls import machine, numbers


@cache
def libc() -> ctypes.CDLL:
    """The C library of this process, with an errno of its own."""
    return ctypes.CDLL(None, use_errno=True)


@cache
def table() -> dict[str, int]:
    """The system calls of this machine."""
    return numbers(machine())


def syscall(name: str, *arguments: Any) -> int:
    """Make a system call by name; whole numbers are passed 64 bits wide. Raise `OSError` where it fails."""
    return raw_syscall(table()[name], name, *arguments)


def raw_syscall(number: int, name: str, *arguments: Any) -> int:
    """Make a system call by number; `name` is for the error."""
    call = libc().syscall
    call.restype = ctypes.c_long
    wide = [ctypes.c_ulong(a & (1 << 64) - 1) if isinstance(a, int) else a for a in arguments]
    return _checked(call(ctypes.c_long(number), *wide), name)


def prctl(option: int, *arguments: int) -> int:
    """`prctl(2)`; raise `OSError` where it fails."""
    wide = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(libc().prctl(ctypes.c_int(option), *wide), f"prctl {option}")


def _checked(result: int, name: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result
