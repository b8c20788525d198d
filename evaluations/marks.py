"""Marks for what a line cannot show: positions charged as impossible, and values beyond what is in sight.

Each counts what it stands for: where there are too many for a screen, that is a stretch of the axis.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.look import Look
from evaluations.points import Floats, Points
from evaluations.thinning import stretches

MOST_MARKS = 500

Trace = dict[str, Any]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clipped:
    """How many values in sight of x lie above and below the part of y that is shown."""

    above: int
    below: int


def nonfinite_trace(along: Floats, points: Points, look: Look) -> Trace:
    """A mark on the line for each chunk with positions that were no probability."""
    drawn = look.inside(along)
    spoiled = np.flatnonzero(points["nonfinite"][drawn])
    counts = points["nonfinite"][drawn][spoiled]
    name, shape = "not finite, charged as impossible", {"size": 10, "symbol": "x-thin", "line": {"width": 2}}
    said = {"meta": "nonfinite", "name": name, "hovertemplate": "%{customdata} positions", "marker": shape}
    return {**said, **_marks(along[drawn][spoiled], points.bpb[drawn][spoiled], counts, look)}


def clipped_traces(along: Floats, points: Points, look: Look) -> list[Trace]:
    """A mark at the upper and at the lower edge of what is shown, where values lie beyond it."""
    above, below = _beyond(along, points, look)
    low, high = look.y_window or (np.nan, np.nan)
    return [
        _edge(along, above, high, look, meta="above", name="above what is shown", symbol="triangle-up"),
        _edge(along, below, low, look, meta="below", name="below what is shown", symbol="triangle-down"),
    ]


def clipped(along: Floats, points: Points, look: Look) -> Clipped:
    """Values of both lines, the chunks by themselves and all so far."""
    above, below = _beyond(along, points, look)
    return Clipped(int(above.sum()), int(below.sum()))


def _beyond(along: Floats, points: Points, look: Look) -> tuple[Counts, Counts]:
    """For each point, how many of its two values lie above and below; none of what is not in sight."""
    above, below = np.zeros((2, len(along)), dtype=np.int64)
    if look.y_window is None:
        return above, below
    seen = look.seen(along)
    for values in (points.bpb[seen], points.chunk_bpb[seen]):
        above[seen] += values > look.y_window[1]  # what is no number is neither
        below[seen] += values < look.y_window[0]
    return above, below


def _edge(along: Floats, counts: Counts, edge: float, look: Look, *, symbol: str, **said: str) -> Trace:
    there = np.flatnonzero(counts)
    marks = _marks(along[there], np.full(len(there), edge), counts[there], look)
    return {**said, "hovertemplate": "%{customdata} values", "marker": {"size": 7, "symbol": symbol}, **marks}


def _marks(place: Floats, height: Floats, counts: Counts, look: Look) -> Trace:
    """At most `MOST_MARKS`, each with the sum of the counts from it to the next."""
    begins = stretches(place, MOST_MARKS, log=look.log)
    known = np.isfinite(height[begins])
    return {
        "type": "scatter",
        "mode": "markers",
        "x": place[begins].tolist(),
        "y": [
            value if is_known else None
            for value, is_known in zip(height[begins].tolist(), known, strict=True)
        ],
        "customdata": np.add.reduceat(counts, begins).tolist() if len(begins) else [],
        "showlegend": bool(len(begins)),
        "cliponaxis": False,
    }
