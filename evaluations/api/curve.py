"""A submission's curve, thinned out to what a screen can show."""

import math
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

from evaluations.api.submissions import newest_manifest
from evaluations.charts import UNIFORM_BPB, Points
from evaluations.curves import CurveHead, head_of, points_of
from evaluations.models import Submission
from evaluations.runner.codelength import bits_per_byte
from evaluations.thinning import Floats, thin
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
        answer = curve_answer(head, points_of(head), **query.validated_data)
        return tagged(answer.model_dump(mode="json"), etag)


def curve_answer(
    head: CurveHead, columns: Points, *, points: int, x: str, series: Sequence[str], run: UUID | None = None
) -> CurveAnswer:
    """The chosen series of a curve with at most `points` points each; `run` has been looked at already."""
    place = _along(head, columns, x)
    lines = {name: line for name, line in _lines(head, columns, place, x).items() if name in series}
    return CurveAnswer(
        submission_id=head.submission_id,
        run_id=head.run_id,
        live=head.live,
        x=x,
        points_total=len(columns.index),
        series=[_thinned(name, *lines[name], points) for name in series],
    )


def _along(head: CurveHead, columns: Points, x: str) -> Floats:
    """Where each point stands on the axis, float64 of shape (points,)."""
    if x != "flops":
        return np.asarray(columns.along(x), dtype=np.float64)  # type: ignore[arg-type]
    model = (newest_manifest(head.submission_id) or {}).get("model") or {}
    flops_per_token = model.get("flops_per_token")
    if flops_per_token is None:
        raise Problem(409, "axis_unavailable", "FLOPs are known once the run's manifest counts them.")
    tokens: Floats = np.asarray(columns.tokens, dtype=np.float64)
    return tokens * float(flops_per_token)


def _lines(head: CurveHead, columns: Points, place: Floats, x: str) -> dict[str, tuple[Floats, Floats]]:
    """All series as (x, bits per byte); yardsticks reach as far as the axis is known."""
    at, ppmd_bits = head.yardsticks.stream_bytes, head.yardsticks.ppmd_bits
    known = {"bytes": np.asarray(at, dtype=np.float64), "chunks": np.arange(1.0, len(at) + 1)}
    ruler = known.get(x, place[: len(at)])
    ppmd = _bpb(ppmd_bits, at)[: len(ruler)]
    ends = (place if len(place) > len(ruler) else ruler)[[0, -1]] if len(place) or len(ruler) else place
    return {
        "prequential": (place, _bpb(columns.bits, columns.stream_bytes)),
        "chunk": (place, _bpb(columns.chunk_bits, columns.chunk_bytes)),
        "ppmd": (ruler, ppmd),
        "uniform": (ends, np.full(len(ends), UNIFORM_BPB)),
    }


def _bpb(bits: Sequence[float], counts: Sequence[int]) -> Floats:
    return np.asarray([bits_per_byte(part, count) for part, count in zip(bits, counts, strict=True)])


def _thinned(name: str, x: Floats, y: Floats, points: int) -> Series:
    kept = thin(x, y, points)
    return Series(name=name, x=x[kept].tolist(), y=[_finite(value) for value in y[kept].tolist()])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
