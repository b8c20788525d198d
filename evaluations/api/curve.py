"""A submission's curve, thinned out to what a screen can show."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from evaluations.charts import UNIFORM_BPB, plain
from evaluations.curves import CurveHead, head_of, points_of
from evaluations.models import Submission
from evaluations.points import AxisUnknown, Floats, Points, XAxis, ratio
from evaluations.thinning import thin
from prism_site.access.throttles import AddressThrottle
from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.permissions import Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers

SERIES = ("prequential", "chunk", "ppmd", "uniform")


class CurveQuery(serializers.Serializer[Any]):
    """How much of which curve, and along what; the newest run's where none is named."""

    run = serializers.UUIDField(required=False, default=None)

    points = serializers.IntegerField(required=False, default=500, min_value=2, max_value=20_000)
    x = serializers.ChoiceField(
        required=False, default="bytes", choices=["bytes", "chunks", "tokens", "flops", "seconds"]
    )
    series = serializers.CharField(
        required=False, default=",".join(SERIES), max_length=100, help_text="comma-separated names"
    )

    def validate_series(self, value: str) -> list[str]:
        """Names of known series, each once."""
        names = value.split(",")
        if not set(names) <= set(SERIES) or len(set(names)) < len(names):
            raise serializers.ValidationError(f"choose among {', '.join(SERIES)}")
        return names


class Series(BaseModel):
    """One line: `y` in bits per byte; null where a value is not finite."""

    name: str
    x: list[float]
    y: list[float | None]


class CurveAnswer(BaseModel):
    """Curves along one axis; the first and last point of each are always kept."""

    submission_id: UUID
    run_id: UUID | None
    live: bool
    x: str
    points_total: int
    series: list[Series]


class CurveView(APIView):
    """The curve of one submission."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(
        operation_id="submission_curve",
        parameters=[CurveQuery],
        responses=answers(CurveAnswer, 400, 404, 409),
    )
    def get(self, request: Request, submission_id: UUID) -> HttpResponseBase:
        """Prequential and per-chunk bits per byte, with PPMd and uniform coding for comparison."""
        query = CurveQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        try:
            head = head_of(submission_id, query.validated_data["run"])
        except Submission.DoesNotExist:
            raise Http404 from None
        etag = etag_of(head.etag, query.validated_data)
        unchanged = not_modified(request, etag)
        if unchanged is not None:
            return unchanged
        try:
            answer = curve_answer(head, points_of(head), **query.validated_data)
        except AxisUnknown as unknown:
            raise Problem(409, unknown.code, str(unknown)) from None
        return tagged(answer.model_dump(mode="json"), etag)


def curve_answer(
    head: CurveHead, columns: Points, *, points: int, x: XAxis, series: Sequence[str], run: UUID | None = None
) -> CurveAnswer:
    """The chosen series of a curve with at most `points` points each; `run` has been looked at already.

    Raises `AxisUnknown`.
    """
    lines = {name: line for name, line in _lines(head, columns, x).items() if name in series}
    return CurveAnswer(
        submission_id=head.submission_id,
        run_id=head.run_id,
        live=head.live,
        x=x,
        points_total=len(columns),
        series=[_thinned(name, *lines[name], points) for name in series],
    )


def _lines(head: CurveHead, columns: Points, x: XAxis) -> dict[str, tuple[Floats, Floats]]:
    """All series as (x, bits per byte); yardsticks reach as far as the axis is known."""
    place = columns.along(x)
    at, ppmd_bits = (np.asarray(each, dtype=np.float64) for each in vars(head.yardsticks).values())
    known = {"bytes": at, "chunks": np.arange(1.0, len(at) + 1)}
    ruler = known.get(x, place[: len(at)])
    ppmd = ratio(ppmd_bits, at)[: len(ruler)]
    ends = (place if len(place) > len(ruler) else ruler)[[0, -1]] if len(place) or len(ruler) else place
    return {
        "prequential": (place, columns.bpb),
        "chunk": (place, columns.chunk_bpb),
        "ppmd": (ruler, ppmd),
        "uniform": (ends, np.full(len(ends), UNIFORM_BPB)),
    }


def _thinned(name: str, x: Floats, y: Floats, points: int) -> Series:
    kept = thin(x, y, points)
    return Series(name=name, x=x[kept].tolist(), y=plain(y[kept]))
