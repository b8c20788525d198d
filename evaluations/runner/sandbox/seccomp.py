"""The filter of system calls: what is not allowed is refused, what is unknown does not exist.

Source: seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
"""

import ctypes
import errno
import os

from evaluations.runner.sandbox import bpf
from evaluations.runner.sandbox.allowed import ALLOWED, OF_CUDA
from evaluations.runner.sandbox.argument_rules import rules
from evaluations.runner.sandbox.kernel import syscall
from evaluations.runner.sandbox.syscalls import AUDIT_ARCH, X32_BIT, machine, numbers

SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install(*, gpu: bool = False) -> int:
    """Filter every thread of this process from here on; give the number of instructions.

    Raises:
        OSError: the kernel refused, or a thread could not be brought under the filter.
    """
    code = assemble(machine(), os.getpid(), gpu=gpu)
    kept = ctypes.create_string_buffer(code, len(code))
    program = Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    outside = syscall("seccomp", SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program))
    if outside:  # the kernel names a thread that stayed outside, and filters none
        raise OSError(errno.EPERM, f"thread {outside} cannot be filtered")
    return int(program.length)


def assemble(architecture: str, pid: int, *, gpu: bool = False) -> bytes:
    """The filter for the process `pid`: checked calls, allowed calls, refused calls, unknown calls.

    With `gpu` also what CUDA's driver library calls.
    """
    known = numbers(architecture)
    allowed = ALLOWED | OF_CUDA if gpu else ALLOWED
    checked = {known[name]: block for name, block in rules(pid, gpu=gpu).items() if name in known}
    plain = sorted({known[name] for name in allowed if name in known} - set(checked))
    blocks = _same_table(architecture)
    blocks += [bpf.if_equal(number, block) for number, block in sorted(checked.items())]
    blocks += [bpf.if_between(first, last, bpf.answer(bpf.ALLOW)) for first, last in spans(plain)]
    blocks += [bpf.if_at_least(max(known.values()) + 1, bpf.refuse(errno.ENOSYS)), bpf.refuse(errno.EPERM)]
    return bpf.program(blocks)


def spans(values: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as [first, last] of runs without a gap."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and found[-1][1] == value - 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def _same_table(architecture: str) -> list[bpf.Block]:
    """A call by another table (32 bit, x32) would be judged by a wrong number: end the process."""
    kill = bpf.answer(bpf.KILL)
    blocks = [bpf.load(bpf.ARCHITECTURE_AT), bpf.unless_equal(AUDIT_ARCH[architecture], kill)]
    blocks += [bpf.load(bpf.NUMBER_AT)]
    return [*blocks, bpf.if_at_least(X32_BIT, kill)] if architecture == "x86_64" else blocks
