"""A run's curve as a Plotly figure: plain values in, a plain dict out; the page adds its theme's colours."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from evaluations.runner.codelength import bits_per_byte
from evaluations.thinning import thin

XAxis = Literal["bytes", "chunks", "tokens", "seconds"]
Scale = Literal["linear", "log"]

UNIFORM_BPB = 8.0  # a model that knows nothing spends 8 bits on a byte
MOST_POINTS = 2_000  # of a line; more would be slow to draw and show nothing else

X_TITLES: dict[XAxis, str] = {
    "bytes": "text read (bytes)",
    "chunks": "chunk",
    "tokens": "tokens read",
    "seconds": "time since the start (seconds)",
}


@dataclass(frozen=True, kw_only=True)
class Points:
    """Columns of a curve, one entry a chunk; `stream_bytes`, `bits`, `tokens` are totals since the start."""

    index: Sequence[int] = ()
    stream_bytes: Sequence[int] = ()
    bits: Sequence[float] = ()
    chunk_bytes: Sequence[int] = ()
    chunk_bits: Sequence[float] = ()
    tokens: Sequence[int] = ()
    seconds: Sequence[float] = ()
    nonfinite: Sequence[int] = ()

    def along(self, x: XAxis) -> list[float]:
        """Where the points stand on an axis."""
        if x == "chunks":
            return [number + 1 for number in self.index]  # a chunk counts when it is read
        columns: dict[str, Sequence[float]] = {
            "bytes": self.stream_bytes,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }
        return list(columns[x])

    def since(self, index: int) -> "Points":
        """The points of the chunks after `index`."""
        first = bisect_right(self.index, index)
        return Points(**{name: column[first:] for name, column in vars(self).items()})

    def at(self, places: Sequence[int]) -> "Points":
        """The points at some places, which ascend."""
        return Points(**{name: [column[place] for place in places] for name, column in vars(self).items()})

    @property
    def bpb(self) -> list[float]:
        """Bits per byte over everything read so far."""
        return list(map(bits_per_byte, self.bits, self.stream_bytes))

    @property
    def chunk_bpb(self) -> list[float]:
        """Bits per byte of each chunk by itself."""
        return list(map(bits_per_byte, self.chunk_bits, self.chunk_bytes))


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """What a general-purpose compressor needs for the same text: totals at the ends of the chunks."""

    stream_bytes: Sequence[int] = ()
    ppmd_bits: Sequence[float] = ()


def figure(
    points: Points,
    yardsticks: Yardsticks,
    *,
    x: XAxis = "bytes",
    x_scale: Scale = "log",
    y_scale: Scale = "linear",
) -> dict[str, Any]:
    """`{"data": [...], "layout": {...}}`: the curve over its reference lines, without any colour."""
    traces = [*moving_traces(points, x=x), *reference_traces(points, yardsticks, x=x)]
    return {"data": traces, "layout": layout(x, x_scale, y_scale)}


def moving_traces(points: Points, *, x: XAxis) -> list[dict[str, Any]]:
    """The traces that grow while a run goes on, in the order in which the figure has them."""
    along = points.along(x)
    spoiled = [place for place, count in enumerate(points.nonfinite) if count]
    return [
        {
            "meta": "chunk",
            "name": "each chunk by itself",
            "type": "scatter",
            "mode": "lines",
            "line": {"width": 1},
            "x": along,
            "y": points.chunk_bpb,
            "hovertemplate": "%{y:.4f}",
        },
        {
            "meta": "curve",
            "name": "this submission, so far",
            "type": "scatter",
            "mode": "lines+markers",
            "line": {"width": 2.5},
            "marker": {"size": 4},
            "x": along,
            "y": points.bpb,
            "hovertemplate": "%{y:.6f}",
        },
        {
            "meta": "nonfinite",
            "name": "not finite, charged as impossible",
            "type": "scatter",
            "mode": "markers",
            "marker": {"size": 10, "symbol": "x-thin", "line": {"width": 2}},
            "x": [along[place] for place in spoiled],
            "y": [points.bpb[place] for place in spoiled],
            "customdata": [points.nonfinite[place] for place in spoiled],
            "hovertemplate": "%{customdata} positions",
            "showlegend": bool(spoiled),
        },
    ]


def reference_traces(points: Points, yardsticks: Yardsticks, *, x: XAxis) -> list[dict[str, Any]]:
    """What curves are compared with: PPMd on the same text, and knowing nothing."""
    return [_ppmd(points, yardsticks, x=x), _uniform(points, yardsticks, x=x)]


def columns(trace: dict[str, Any]) -> dict[str, Any]:
    """The data of a trace alone, to be appended to the same trace of a figure that is shown already."""
    return {name: trace[name] for name in ("x", "y", "customdata") if name in trace}


def _ppmd(points: Points, yardsticks: Yardsticks, *, x: XAxis) -> dict[str, Any]:
    places, along = _yardstick_places(points, yardsticks, x=x)
    bpb = list(map(bits_per_byte, yardsticks.ppmd_bits, yardsticks.stream_bytes))
    return {
        "meta": "ppmd",
        "name": "PPMd",
        "type": "scatter",
        "mode": "lines",
        "line": {"width": 1.5, "dash": "dash"},
        "x": along,
        "y": [bpb[place] for place in places],
        "hovertemplate": "%{y:.4f}",
    }


def _yardstick_places(
    points: Points, yardsticks: Yardsticks, *, x: XAxis
) -> tuple[Sequence[int], list[float]]:
    """(numbers of chunks, where they stand): all in bytes and chunks, otherwise those that were read."""
    cuts = yardsticks.stream_bytes
    if x in {"bytes", "chunks"}:
        places = thinned(cuts, yardsticks.ppmd_bits)
        return places, [cuts[place] if x == "bytes" else place + 1 for place in places]
    read = zip(points.index, points.along(x), strict=True)
    known = [(number, along) for number, along in read if number < len(cuts)]
    return [number for number, _ in known], [along for _, along in known]


def thinned(x: Sequence[float], y: Sequence[float]) -> list[int]:
    """Places of at most `MOST_POINTS` values that draw the same line."""
    kept: list[int] = thin(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), MOST_POINTS
    ).tolist()
    return kept


def _uniform(points: Points, yardsticks: Yardsticks, *, x: XAxis) -> dict[str, Any]:
    along = _yardstick_places(points, yardsticks, x=x)[1] or points.along(x)
    ends = [along[0], along[-1]] if along else []
    return {
        "meta": "uniform",
        "name": "uniform",
        "type": "scatter",
        "mode": "lines",
        "line": {"width": 1.5, "dash": "dot"},
        "x": ends,
        "y": [UNIFORM_BPB] * len(ends),
        "hovertemplate": "%{y:.0f}",
    }


def layout(x: XAxis, x_scale: Scale, y_scale: Scale) -> dict[str, Any]:
    """Axes, legend and margins of a figure along an axis."""
    si_prefix = "none" if x == "seconds" else "SI"  # 20k bytes, but 200 seconds
    return {
        "uirevision": f"{x} {x_scale} {y_scale}",  # a zoom lives as long as the axes mean the same
        "hovermode": "x unified",
        "margin": {"l": 56, "r": 12, "t": 8, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {"title": {"text": X_TITLES[x]}, "exponentformat": si_prefix, **_scale(x_scale)},
        "yaxis": {"title": {"text": "bits per byte"}, **_scale(y_scale)},
    }


def _scale(scale: Scale) -> dict[str, Any]:
    """On a log axis every 1, 2 and 5 of a decade is labelled in full."""
    if scale == "linear":
        return {"type": "linear"}
    return {"type": "log", "dtick": "D2", "minorloglabels": "complete"}
