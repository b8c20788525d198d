"""Cutting the locked text: chunks by bytes, the same for every submission."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

CONTINUATION_MASK, CONTINUATION = 0b1100_0000, 0b1000_0000  # the bytes inside a UTF-8 character


@dataclass(frozen=True)
class Chunk:
    """The unit of revealing: `text` is valid UTF-8, `end` the cumulative bytes of the stream after it."""

    index: int
    text: bytes
    end: int


def chunk_cuts(data: bytes, *, first_bytes: int, growth: float, max_bytes: int) -> list[int]:
    """Cumulative end offsets of the chunks of `data`, each at a character boundary of its UTF-8.

    Chunk k holds about `first_bytes * growth**k` bytes, at most `max_bytes`; small ones first, because a
    fresh model learns fastest and its first predictions count as much as its last.
    """
    cuts: list[int] = []
    size, start = float(first_bytes), 0
    while start < len(data):
        end = _character_boundary(data, min(start + int(size), len(data)))
        cuts.append(end if end > start else len(data))
        start = cuts[-1]
        size = min(size * growth, float(max_bytes))
    return cuts


def chunks(data: bytes, cuts: list[int]) -> Iterator[Chunk]:
    """The chunks between cumulative `cuts`."""
    for index, (start, end) in enumerate(pairwise([0, *cuts])):
        yield Chunk(index, data[start:end], end)


def _character_boundary(data: bytes, offset: int) -> int:
    while offset < len(data) and data[offset] & CONTINUATION_MASK == CONTINUATION:
        offset -= 1
    return offset
