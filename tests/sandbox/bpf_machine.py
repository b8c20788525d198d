"""A machine that runs a filter as the kernel does, for filters of an architecture that this host is not."""

import struct

ALLOW, KILL = 0x7FFF0000, 0x80000000


def run(code: bytes, *, arch: int, number: int, args: tuple[int, ...] = ()) -> int:
    """The verdict of a filter on one call."""
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, arch, 0, *(args + (0,) * 6)[:6])
    steps = list(struct.iter_unpack("=HBBI", code))
    at, accumulator = 0, 0
    while True:
        operation, skip_if, skip_else, operand = steps[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                at += skip_if if accumulator == operand else skip_else
            case 0x35:
                at += skip_if if accumulator >= operand else skip_else
            case 0x54:
                accumulator &= operand
            case 0x06:
                return operand
            case _:
                raise AssertionError(f"operation {operation:#x} is not in this machine")


def error_of(verdict: int) -> int | None:
    """The error number that a verdict answers with."""
    return verdict & 0xFFFF if verdict & 0xFFFF0000 == 0x00050000 else None
