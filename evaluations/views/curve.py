"""The curve for the browser: the whole figure at first, then only what is new, or what is zoomed in to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast, get_args
from uuid import UUID

from django.http import Http404

from evaluations import charts, curve_blocks
from evaluations.curves import CurveHead, head_of, points_of
from evaluations.look import Look, Scale, Window, widened
from evaluations.marks import clipped
from evaluations.models import Submission
from evaluations.points import Points, XAxis
from evaluations.smoothing import MEMORY, Smoothing
from evaluations.views.provenance import provenance

SPANS = range(2, 10_001)  # chunks that a smoother line may remember


@dataclass(frozen=True, kw_only=True)
class View:
    """How the reader wants to see the curve, and what the reader already has of it."""

    look: Look = field(default_factory=Look)
    run: UUID | None = None  # of one seed; the newest run's where none is named
    attempt: int | None = None
    after: int | None = None  # the last chunk that the reader has

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "View":
        """The view that a URL asks for; what it asks wrongly gets the default."""
        x_scale = cast(Scale, _one_of(query.get("xscale"), get_args(Scale), "log"))
        sight = _window(query.get("from"), query.get("to"))
        return cls(
            look=Look(
                x=cast(XAxis, _one_of(query.get("x"), get_args(XAxis), "bytes")),
                x_scale=x_scale,
                y_scale=cast(Scale, _one_of(query.get("yscale"), get_args(Scale), "linear")),
                smoothing=cast(Smoothing, _one_of(query.get("smooth"), get_args(Smoothing), "none")),
                span=_span(query.get("span")),
                sight=sight,
                window=sight and widened(sight, x_scale),
                y_window=_window(query.get("yfrom"), query.get("yto")),
            ),
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
    if view.look.x == "flops" and head.flops_per_token is None:
        view = replace(view, look=replace(view.look, x="bytes", sight=None, window=None))
    if view.after is not None and view.attempt == head.attempt_id:
        return _increment(head, view.look, view.after)
    return _whole(head, view.look)


def _whole(head: CurveHead, look: Look) -> dict[str, Any]:
    points = points_of(head)
    drawn = charts.figure(points, head.yardsticks, look)
    along, shown = points.along(look.x), len(drawn["data"][0]["x"])
    inside = look.inside(along)
    return {
        **_state(head, look, points, count=len(points)),
        "nonfinite": int(points["nonfinite"].sum()),
        "clipped": vars(clipped(along, points, look)),
        "in_sight": len(along[inside]),
        "shown": shown,
        "thinned": shown < len(points),  # a closer look would show more
        "reaches_end": inside.stop is None or inside.stop > len(along),
        "provenance": provenance(head),
        "figure": drawn,
    }


def _increment(head: CurveHead, look: Look, after: int) -> dict[str, Any]:
    """What came behind a chunk; a smoother line needs some chunks from before it."""
    remembered = MEMORY * look.span if look.smoothing != "none" else 1
    points = points_of(head, after=max(-1, after - remembered))
    moving = charts.moving_traces(points, replace(look, window=None), after=after)
    assert head.attempt_id is not None
    new = points.since(after)
    return {
        **_state(head, look, points, count=curve_blocks.count(head.attempt_id)),
        "nonfinite_new": int(new["nonfinite"].sum()),
        "extend": [charts.columns(trace) for trace in moving],
    }


def _state(head: CurveHead, look: Look, points: Points, *, count: int) -> dict[str, Any]:
    return {
        "attempt": head.attempt_id,
        "live": head.live,
        "x": look.x,
        "flops_known": head.flops_per_token is not None,
        "last_index": int(points["index"][-1]) if len(points) else None,
        "points": count,
        "chunks": len(head.yardsticks.stream_bytes) or None,
        "bpb": charts.plain(points.bpb[-1:])[0] if len(points) else None,
    }


def _window(first: str | None, last: str | None) -> Window | None:
    """A part of the axis; none unless both ends are numbers in order."""
    try:
        ends = float(first or ""), float(last or "")
    except ValueError:
        return None
    return ends if all(map(math.isfinite, ends)) and ends[0] < ends[1] else None


def _span(asked: str | None) -> int:
    number = _number(asked)
    return number if number is not None and number in SPANS else Look.span


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
