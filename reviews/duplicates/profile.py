"""What of a bundle's source is its own: units as sets of shingles, and how alike two of them are. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Shingles = npt.NDArray[np.uint32]  # sorted, each once
NONE: Shingles = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True)
class UnitSet:
    """One function, or the rest of a class or file."""

    file: str
    line: int
    live: bool  # whether anything that a run calls reaches it
    whole: int  # 64-bit hash of all its tokens
    shingles: Shingles


@dataclass(frozen=True)
class FilePair:
    """Two files that are more alike than either is to any other of the two bundles."""

    file: str  # of the later submission
    other: str
    similarity: float


@dataclass(frozen=True)
class Likeness:
    """How alike an earlier and a later bundle are; every figure from 0 to 1."""

    similarity: float  # Jaccard of what is alive, or of everything: whichever is more
    containment: float  # the share of the earlier one that is in the later one
    contained: float  # the share of the later one that is in the earlier one

    @property
    def overlap(self) -> float:
        """The most that either direction shows: what was added, or left out, hides nothing."""
        return max(self.similarity, self.containment, self.contained)


@dataclass(frozen=True)
class Profile:
    """The units of one bundle, without boilerplate."""

    units: tuple[UnitSet, ...]

    @cached_property
    def live(self) -> Shingles:
        """Shingles of what a run reaches."""
        return union(unit.shingles for unit in self.units if unit.live)

    @cached_property
    def everything(self) -> Shingles:
        """Shingles of dead code, too: what looks dead to us may not be."""
        return self.live if self.is_alive else union(unit.shingles for unit in self.units)

    @property
    def is_alive(self) -> bool:
        """Whether no unit is dead."""
        return all(unit.live for unit in self.units)

    def without(self, boilerplate: Shingles) -> "Profile":
        """The same units without the shingles that everybody has."""
        kept = (replace(unit, shingles=minus(unit.shingles, boilerplate)) for unit in self.units)
        return Profile(tuple(unit for unit in kept if len(unit.shingles)))

    def by_file(self) -> dict[str, Shingles]:
        """Shingles of what is alive in each file."""
        files = sorted({unit.file for unit in self.units if unit.live})
        return {
            file: union(unit.shingles for unit in self.units if unit.live and unit.file == file)
            for file in files
        }


def likeness(earlier: Profile, later: Profile) -> Likeness:
    """Compare two bundles."""
    similarity = jaccard(earlier.live, later.live)
    if not (earlier.is_alive and later.is_alive):
        similarity = max(similarity, jaccard(earlier.everything, later.everything))
    return Likeness(
        similarity=similarity,
        containment=share(earlier.live, later.everything),
        contained=share(later.live, earlier.everything),
    )


def file_pairs(earlier: Profile, later: Profile, at_least: float) -> tuple[FilePair, ...]:
    """For each file of the later bundle the earlier one's file that it resembles most, best first."""
    earlier_files, pairs = earlier.by_file(), []
    for file, shingles in later.by_file().items():
        best = max(
            ((jaccard(others, shingles), other) for other, others in earlier_files.items()), default=(0.0, "")
        )
        if best[0] >= at_least:
            pairs.append(FilePair(file, best[1], round(best[0], 4)))
    return tuple(sorted(pairs, key=lambda pair: (-pair.similarity, pair.file)))


def jaccard(one: Shingles, other: Shingles) -> float:
    """|A ∩ B| / |A ∪ B|; 0 where there is nothing."""
    common = _common(one, other)
    total = len(one) + len(other) - common
    return common / total if total else 0.0


def share(part: Shingles, whole: Shingles) -> float:
    """|A ∩ B| / |A|; 0 where A is empty."""
    return _common(part, whole) / len(part) if len(part) else 0.0


def union(sets: Iterable[Shingles]) -> Shingles:
    """Sorted, each once."""
    found = list(sets)
    return np.unique(np.concatenate(found)) if found else NONE


def minus(shingles: Shingles, taken: Shingles) -> Shingles:
    """Those of `shingles` that are not in `taken`."""
    return shingles[~np.isin(shingles, taken, assume_unique=True)]


def _common(one: Shingles, other: Shingles) -> int:
    if not len(one) or not len(other):
        return 0
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    at = np.searchsorted(large, small)
    at[at == len(large)] = 0
    return int((large[at] == small).sum())
