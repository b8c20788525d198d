"""Weights in shared memory: a sealed memfd that the referee makes, laid out by the predictor's own manifest.

Learner and predictor have a slot each and share none, so that nothing can pass between them but the bytes
that the referee copies from one to the other at a commit.
"""

import fcntl
import mmap
import os
from dataclasses import dataclass
from math import prod
from typing import Any

F_ADD_SEALS, F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE = 1033, 0x1, 0x2, 0x4, 0x10
ALIGNMENT_BYTES = 64
DTYPE_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
}


class LayoutInvalid(Exception):
    """A model manifest that names no tensors this protocol can carry."""

    code = "model_manifest_invalid"


class SlotResized(Exception):
    """A child changed the size of its slot while it was still open to that."""

    code = "slot_resized"


@dataclass(frozen=True)
class Entry:
    """One tensor of a `state_dict` and its place in a slot."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    offset: int

    @property
    def bytes(self) -> int:
        """Size of the tensor's contents."""
        return prod(self.shape) * DTYPE_BYTES[self.dtype]


@dataclass(frozen=True)
class Layout:
    """All tensors of a model in `state_dict` order."""

    entries: tuple[Entry, ...]
    size: int  # bytes, at least one page's worth so that it can be mapped

    def described(self) -> list[list[Any]]:
        """[name, shape, dtype] per tensor, as it crosses the wire."""
        return [[e.name, list(e.shape), e.dtype] for e in self.entries]


def lay_out(described: Any) -> Layout:
    """Give every described tensor its place; the description comes from an untrusted process."""
    entries, offset = [], 0
    for item in described if isinstance(described, list) else [None]:
        name, shape, dtype = _checked(item)
        entry = Entry(name, shape, dtype, offset)
        entries.append(entry)
        offset += -(-entry.bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    if len({entry.name for entry in entries}) != len(entries):
        raise LayoutInvalid("two tensors of one name")
    return Layout(tuple(entries), max(offset, mmap.PAGESIZE))


class Slot:
    """The referee's mapping of one child's slot."""

    def __init__(self, name: str) -> None:
        self.fd = os.memfd_create(name, os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        self.memory: mmap.mmap | None = None

    def open(self, size: int, *, child_may_write: bool) -> None:
        """Give the slot its size and seal it: no child can resize it under the referee (that would be a
        SIGBUS), and a child that may only read can never map it for writing."""
        os.ftruncate(self.fd, size)
        self.memory = mmap.mmap(self.fd, size)
        seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL
        fcntl.fcntl(self.fd, F_ADD_SEALS, seals if child_may_write else seals | F_SEAL_FUTURE_WRITE)
        if os.fstat(self.fd).st_size != size:
            raise SlotResized("the slot was resized before it could be sealed")

    def copy_from(self, other: "Slot") -> None:
        """Take over the bytes of another slot of the same layout."""
        if self.memory is None or other.memory is None:
            raise LayoutInvalid("the slot is not open")
        self.memory[:] = other.memory[:]

    def close(self) -> None:
        """Unmap and forget."""
        if self.memory is not None:
            self.memory.close()
        os.close(self.fd)


def _checked(item: Any) -> tuple[str, tuple[int, ...], str]:
    match item:
        case [str(name), list(shape), str(dtype)] if dtype in DTYPE_BYTES:
            if all(type(n) is int and 0 <= n <= 2**40 for n in shape):
                return name, tuple(shape), dtype
    raise LayoutInvalid(f"not a tensor this protocol can carry: {str(item)[:120]}")
