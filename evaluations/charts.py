"""A run's curve as a Plotly figure: plain values in, a plain dict out; the page adds its theme's colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluations.look import MOST_POINTS, Look, Scale
from evaluations.marks import MOST_MARKS, Trace, clipped_traces, nonfinite_trace
from evaluations.points import Floats, Points, XAxis, ratio
from evaluations.smoothing import Smoothing, smoothed
from evaluations.thinning import Places, thin

UNIFORM_BPB = 8.0  # a model that knows nothing spends 8 bits on a byte
SMOOTH_NAMES: dict[Smoothing, str] = {"mean": "mean of {} chunks", "ema": "exponential mean, {} chunks"}

X_TITLES: dict[XAxis, str] = {
    "bytes": "text read (bytes)",
    "chunks": "chunk",
    "tokens": "tokens read",
    "flops": "compute (FLOPs)",
    "seconds": "time since the start (seconds)",
}


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """What a general-purpose compressor needs for the same text: totals at the ends of the chunks."""

    stream_bytes: Sequence[int] = ()
    ppmd_bits: Sequence[float] = ()


def figure(points: Points, yardsticks: Yardsticks, look: Look) -> dict[str, Any]:
    """`{"data": [...], "layout": {...}}`: the curve over its reference lines, without any colour."""
    traces = [*moving_traces(points, look), *reference_traces(points, yardsticks, look)]
    return {"data": traces, "layout": layout(look)}


def moving_traces(points: Points, look: Look, *, after: int = -1) -> list[Trace]:
    """The traces that grow while a run goes on, in the order in which the figure has them.

    Each is thinned by itself, so that each keeps its own extremes. With `after`, only what is behind that
    chunk: the chunks before it are there for the smoother line to remember.
    """
    new = slice(int(np.searchsorted(points["index"], after, side="right")), None)
    along, part = points.along(look.x)[new], points.cut(new)
    smoother = smoothed(points, look.smoothing, look.span)[new] if look.smoothing != "none" else None
    return [
        _chunk_trace(along, part.chunk_bpb, look),
        _curve_trace(along, part.bpb, look),
        nonfinite_trace(along, part, look),
        *clipped_traces(along, part, look),
        *([] if smoother is None else [_smooth_trace(along, smoother, look)]),
    ]


def _chunk_trace(along: Floats, bpb: Floats, look: Look) -> Trace:
    line = {"meta": "chunk", "name": "each chunk by itself", "line": {"width": 1}, "mode": "lines"}
    return {**line, "hovertemplate": "%{y:.4f}", **line_of(along, bpb, look)}


def _curve_trace(along: Floats, bpb: Floats, look: Look) -> Trace:
    line = {"meta": "curve", "name": "this submission, so far", "line": {"width": 2.5}}
    few = len(along[look.inside(along)]) <= MOST_MARKS
    marks = {"mode": "lines+markers" if few else "lines", "marker": {"size": 4}}
    return {**line, **marks, "hovertemplate": "%{y:.6f}", **line_of(along, bpb, look)}


def _smooth_trace(along: Floats, bpb: Floats, look: Look) -> Trace:
    name = SMOOTH_NAMES[look.smoothing].format(look.span)
    line = {"meta": "smooth", "name": name, "line": {"width": 2}, "mode": "lines"}
    return {**line, "hovertemplate": "%{y:.4f}", **line_of(along, bpb, look)}


def line_of(along: Floats, bpb: Floats, look: Look) -> Trace:
    """A line of what is in sight, thinned to what a screen can show."""
    kept = kept_of(along, bpb, look)
    return {"type": "scatter", "x": along[kept].tolist(), "y": plain(bpb[kept])}


def kept_of(along: Floats, values: Floats, look: Look) -> Places:
    """Places of at most `MOST_POINTS` values in sight that draw the same line."""
    seen = look.inside(along)
    return (seen.start or 0) + thin(along[seen], values[seen], MOST_POINTS, log=look.log)


def plain(values: Floats) -> list[float | None]:
    """Values for JSON, which has no NaN: what is unknown is null."""
    return [
        value if known else None for value, known in zip(values.tolist(), np.isfinite(values), strict=True)
    ]


def reference_traces(points: Points, yardsticks: Yardsticks, look: Look) -> list[Trace]:
    """What curves are compared with: PPMd on the same text, and knowing nothing."""
    return [_ppmd(points, yardsticks, look), _uniform(points, yardsticks, look)]


def columns(trace: Trace) -> Trace:
    """The data of a trace alone, to be appended to the same trace of a figure that is shown already."""
    return {name: trace[name] for name in ("x", "y", "customdata") if name in trace}


def _ppmd(points: Points, yardsticks: Yardsticks, look: Look) -> Trace:
    along, bpb = _ruler(points, yardsticks, look.x)
    line = {"meta": "ppmd", "name": "PPMd", "mode": "lines", "line": {"width": 1.5, "dash": "dash"}}
    return {**line, "hovertemplate": "%{y:.4f}", **line_of(along, bpb, look)}


def _ruler(points: Points, yardsticks: Yardsticks, x: XAxis) -> tuple[Floats, Floats]:
    """(where, bits per byte) of PPMd: all in bytes and chunks, otherwise at the chunks that were read."""
    cuts = np.asarray(yardsticks.stream_bytes, dtype=np.float64)
    bpb = ratio(np.asarray(yardsticks.ppmd_bits, dtype=np.float64), cuts)
    if x in {"bytes", "chunks"}:
        return (cuts if x == "bytes" else np.arange(1.0, len(cuts) + 1)), bpb
    known = points.cut(np.flatnonzero(points["index"] < len(cuts)))
    return known.along(x), bpb[known["index"]]


def _uniform(points: Points, yardsticks: Yardsticks, look: Look) -> Trace:
    along = _ruler(points, yardsticks, look.x)[0]
    along = along if len(along) else points.along(look.x)
    ends = [float(along[0]), float(along[-1])] if len(along) else []
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


def layout(look: Look) -> dict[str, Any]:
    """Axes, legend and margins of a figure along an axis."""
    si_prefix = "none" if look.x == "seconds" else "SI"  # 20k bytes, but 200 seconds
    return {
        "uirevision": f"{look.x} {look.x_scale} {look.y_scale}",  # a zoom lives as long as these
        "hovermode": "x unified",
        "margin": {"l": 56, "r": 12, "t": 8, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {"title": {"text": X_TITLES[look.x]}, "exponentformat": si_prefix, **_scale(look.x_scale)},
        "yaxis": {"title": {"text": "bits per byte"}, **_scale(look.y_scale)},
    }


def _scale(scale: Scale) -> dict[str, Any]:
    """On a log axis every 1, 2 and 5 of a decade is labelled in full."""
    if scale == "linear":
        return {"type": "linear"}
    return {"type": "log", "dtick": "D2", "minorloglabels": "complete"}
