"""The most similar graphs among all of a mode's families: the cosine of label histograms, exact.

Every process keeps the histograms of a mode as three flat arrays and reads what has come since. One question
costs one pass over them: 10,000 graphs of 100 labels are a million numbers, some milliseconds, and 12 MB.
What is kept is trusted only where the newest graph that it holds still stands and none was taken away since,
so a transaction that was rolled back leaves nothing behind.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from evaluations.enums import Mode
from scoring.models import FamilyGraph, FamilyTurn

Histogram = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class GraphIndex:
    """Histograms of n graphs; entry i says that graph `rows[i]` has label `labels[i]`, `counts[i]` times."""

    removal: UUID | None = None
    newest: UUID | None = None
    number: int = 0
    families: tuple[UUID, ...] = ()  # (n,)
    norms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # (n,)
    rows: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    counts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def similarities(self, histogram: Histogram) -> dict[UUID, float]:
        """The cosine of every family's most similar graph with this one; 0 to 1."""
        asked = sorted((label_key(label), count) for label, count in histogram.items())
        if not asked or not self.families:
            return {}
        keys = np.array([key for key, _ in asked], np.int64)
        weights = np.array([count for _, count in asked], np.float64)
        at = np.minimum(np.searchsorted(keys, self.labels), len(keys) - 1)
        shared = np.where(keys[at] == self.labels, weights[at], 0.0) * self.counts
        dots = np.bincount(self.rows, weights=shared, minlength=len(self.families))
        cosines = np.clip(dots / np.maximum(self.norms * np.linalg.norm(weights), 1e-300), 0.0, 1.0)
        found: dict[UUID, float] = {}
        for place in np.flatnonzero(cosines):
            family, cosine = self.families[place], float(cosines[place])
            found[family] = max(cosine, found.get(family, 0.0))
        return found

    def grown(self, graphs: Iterable[FamilyGraph]) -> "GraphIndex":
        """This index and these graphs, by rising number."""
        new = list(graphs)
        if not new:
            return self
        first = len(self.families)
        entries = [
            (first + place, label_key(label), count)
            for place, graph in enumerate(new)
            for label, count in graph.histogram.items()
        ]
        norms = [float(np.linalg.norm(list(graph.histogram.values()))) for graph in new]
        rows, labels, counts = zip(*entries, strict=True) if entries else ((), (), ())
        return GraphIndex(
            removal=self.removal,
            newest=new[-1].pk,
            number=new[-1].number,
            families=(*self.families, *(graph.family_id for graph in new)),
            norms=np.append(self.norms, norms),
            rows=np.append(self.rows, np.array(rows, np.int32)),
            labels=np.append(self.labels, np.array(labels, np.int64)),
            counts=np.append(self.counts, np.array(counts, np.float64)),
        )


_kept: dict[Mode, GraphIndex] = {}
_writing = Lock()


def index_of(turn: FamilyTurn) -> GraphIndex:
    """The graphs of a mode as they are now; the caller has the mode's turn."""
    mode = Mode(turn.mode)
    with _writing:
        kept = _kept.get(mode, GraphIndex())
        if not _holds(kept, turn):
            kept = GraphIndex(removal=turn.removal)
        later = FamilyGraph.objects.filter(mode=mode, number__gt=kept.number).order_by("number")
        _kept[mode] = kept.grown(later.iterator(chunk_size=1_000))
        return _kept[mode]


def _holds(kept: GraphIndex, turn: FamilyTurn) -> bool:
    if kept.removal != turn.removal or kept.number > turn.graphs:
        return False
    return kept.newest is None or FamilyGraph.objects.filter(pk=kept.newest).exists()


def label_key(label: str) -> int:
    """A label as a signed 64-bit number, the same in every process."""
    return int.from_bytes(hashlib.blake2b(label.encode(), digest_size=8).digest(), "big", signed=True)
