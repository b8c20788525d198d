"""The curve for the browser: the whole figure at first, then only what is new."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args
from uuid import UUID

from django.http import Http404

from evaluations import charts
from evaluations.charts import Scale, XAxis
from evaluations.curves import CurveHead, head_of, points_of
from evaluations.models import Submission


@dataclass(frozen=True, kw_only=True)
class View:
    """How the reader wants to see the curve, and what the reader already has of it."""

    x: XAxis = "bytes"
    x_scale: Scale = "log"
    y_scale: Scale = "linear"
    run: UUID | None = None  # of one seed; the newest run's where none is named
    attempt: int | None = None
    after: int | None = None  # the last chunk that the reader has

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "View":
        """The view that a URL asks for; what it asks wrongly gets the default."""
        return cls(
            x=cast(XAxis, _one_of(query.get("x"), get_args(XAxis), "bytes")),
            x_scale=cast(Scale, _one_of(query.get("xscale"), get_args(Scale), "log")),
            y_scale=cast(Scale, _one_of(query.get("yscale"), get_args(Scale), "linear")),
            run=_uuid(query.get("run", "")),
            attempt=_number(query.get("attempt")),
            after=_number(query.get("after")),
        )


def answer(submission_id: UUID, view: View) -> dict[str, Any]:
    """The figure; or, where the reader follows this attempt already, `extend` with the points since.

    Raises `Http404` for an unknown submission.
    """
    try:
        head = head_of(submission_id, view.run)
    except Submission.DoesNotExist:
        raise Http404("no such submission") from None
    points = points_of(head)
    state = _state(head, points)
    if view.after is not None and view.attempt == head.attempt_id:
        moving = charts.moving_traces(points.since(view.after), x=view.x)
        return {**state, "extend": [charts.columns(trace) for trace in moving]}
    shown = _shown(points, view)
    drawn = charts.figure(shown, head.yardsticks, x=view.x, x_scale=view.x_scale, y_scale=view.y_scale)
    return {**state, "shown": len(shown.index), "figure": drawn}


def _shown(points: charts.Points, view: View) -> charts.Points:
    """What a screen can show: extremes, ends, and every chunk with a value that was not finite."""
    spoiled = {place for place, count in enumerate(points.nonfinite) if count}
    kept = charts.thinned(points.along(view.x), points.chunk_bpb)
    return points.at(sorted(spoiled.union(kept)))


def _state(head: CurveHead, points: charts.Points) -> dict[str, Any]:
    return {
        "attempt": head.attempt_id,
        "live": head.live,
        "last_index": points.index[-1] if points.index else None,
        "points": len(points.index),
        "chunks": len(head.yardsticks.stream_bytes) or None,
        "nonfinite": sum(points.nonfinite),
        "bpb": points.bpb[-1] if points.index else None,
    }


def _one_of(asked: str | None, allowed: tuple[str, ...], default: str) -> str:
    return asked if asked is not None and asked in allowed else default


def _uuid(asked: str) -> UUID | None:
    try:
        return UUID(asked)
    except ValueError:
        return None


def _number(asked: str | None) -> int | None:
    if asked is None or not (asked.isascii() and asked.isdigit()) or len(asked) > 9:
        return None
    return int(asked)
