"""A small assembler for the kernel's classic BPF: a filter is a list of self-contained blocks.

Source: linux/bpf_common.h, linux/filter.h, linux/seccomp.h.
"""

import struct
from dataclasses import dataclass

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
JUMP_CAP = 255  # instructions that a conditional jump can pass over
INSTRUCTION_CAP = 4096


@dataclass(frozen=True)
class Instruction:
    """One step: operation, operand, and how many instructions to skip where the test holds or not."""

    operation: int
    operand: int
    skip_if: int = 0
    skip_else: int = 0

    def packed(self) -> bytes:
        """As `struct sock_filter`."""
        return struct.pack("=HBBI", self.operation, self.skip_if, self.skip_else, self.operand & 0xFFFFFFFF)


Block = tuple[Instruction, ...]


def load(offset: int) -> Block:
    """Take 32 bits of the call's description."""
    return (Instruction(LOAD, offset),)


def low_half(argument: int) -> Block:
    """Take the low 32 bits of an argument."""
    return load(ARGUMENTS_AT + 8 * argument)


def high_half(argument: int) -> Block:
    """Take the high 32 bits of an argument."""
    return load(ARGUMENTS_AT + 8 * argument + 4)


def answer(verdict: int) -> Block:
    """End the filter here."""
    return (Instruction(RETURN, verdict),)


def refuse(error: int) -> Block:
    """End the call with an error number."""
    return answer(ERRNO | error)


def mask(bits: int) -> Block:
    """Keep some bits of what was taken."""
    return (Instruction(AND, bits),)


def if_equal(value: int, then: Block) -> Block:
    """Run `then` where what was taken equals `value`."""
    return (Instruction(JUMP_EQUAL, value, 0, _distance(then)), *then)


def unless_equal(value: int, then: Block) -> Block:
    """Run `then` where what was taken is not `value`."""
    return (Instruction(JUMP_EQUAL, value, _distance(then), 0), *then)


def if_at_least(value: int, then: Block) -> Block:
    """Run `then` where what was taken is `value` or more."""
    return (Instruction(JUMP_AT_LEAST, value, 0, _distance(then)), *then)


def if_between(first: int, last: int, then: Block) -> Block:
    """Run `then` where what was taken lies in [first, last]."""
    past = Instruction(JUMP_AT_LEAST, last + 1, _distance(then), 0)
    return (Instruction(JUMP_AT_LEAST, first, 0, 1 + _distance(then)), past, *then)


def program(blocks: list[Block]) -> bytes:
    """The filter as the kernel reads it; raise `ValueError` where it is too long."""
    instructions = [step for block in blocks for step in block]
    if len(instructions) > INSTRUCTION_CAP:
        raise ValueError(f"a filter of {len(instructions)} instructions")
    return b"".join(step.packed() for step in instructions)


def _distance(block: Block) -> int:
    if len(block) > JUMP_CAP - 1:
        raise ValueError("a block that no jump can pass over")
    return len(block)
