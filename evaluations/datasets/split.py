"""Which split a document belongs to: decided by its own text, so that no text is in two splits."""

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
HELD_OUT: tuple[Split, ...] = ("val", "test")


@dataclass(frozen=True)
class Shares:
    """Parts of ten thousand that go to val and test; the rest is train."""

    val: int
    test: int


def split_of(sha256: str, shares: Shares) -> Split:
    """The split of a document by the first 64 bits of its hash, which are as good as a fair draw."""
    bucket = int(sha256[:16], 16) * 10_000 >> 64
    if bucket < shares.val:
        return "val"
    return "test" if bucket < shares.val + shares.test else "train"
