"""Comparing submissions over HTTP."""

from typing import Any, Self
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from prism_site.access.throttles import AddressThrottle
from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.permissions import Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers
from scoring.compared import MOST, Compared, CompareRefused, Contestant, compared, names_in
from scoring.differences import Difference


class CompareQuery(serializers.Serializer[Any]):
    """Which submissions; the first is what the others are measured by."""

    ids = serializers.CharField(
        max_length=40 * MOST,
        help_text=f"comma-separated ids, at most {MOST}; `best` for who leads their mode",
    )


class GainRow(BaseModel):
    """The gain over the first `stream_bytes` of the text, in bits per byte."""

    stream_bytes: int
    gain: float
    se: float


class DifferenceRow(BaseModel):
    """The paired test against the first, as evidence; `code` and `reason` where there is none."""

    code: str
    reason: str
    test: dict[str, Any] | None
    along: list[GainRow]

    @classmethod
    def of(cls, found: Difference) -> Self:
        """A difference as JSON."""
        return cls(
            code=found.code,
            reason=found.reason,
            test=found.improvement.as_json() if found.improvement else None,
            along=[GainRow(**vars(end)) for end in found.along],
        )


class ComparedRow(BaseModel):
    """A submission's figures, means over its seeds; null where they were not measured."""

    submission_id: UUID
    hotkey: str
    name: str
    mode: str
    status: str
    seeds: list[int]
    bpb: float | None
    bpb_se: float | None
    final_score: float | None
    heldout_bpb: float | None
    heldout_delta: float | None
    tokens: float | None
    parameters: float | None
    body_parameters: float | None
    flops_per_token: float | None
    q_arch: float | None
    q_recipe: float | None
    blend_score: float | None
    difference: DifferenceRow | None

    @classmethod
    def of(cls, each: Contestant) -> Self:
        """A submission as JSON."""
        submission = each.submission
        return cls(
            submission_id=submission.pk,
            **{name: getattr(submission, name) for name in ("hotkey", "name", "mode", "status")},
            seeds=[int(manifest["run"]["seed"]) for manifest in each.manifests],
            **{name: getattr(each.score, name, None) for name in ("bpb", "bpb_se", "final_score")},
            heldout_bpb=each.mean("heldout", "bpb"),
            heldout_delta=each.mean("heldout", "delta"),
            tokens=each.mean("score", "tokens"),
            **{
                name: each.mean("model", name)
                for name in ("parameters", "body_parameters", "flops_per_token")
            },
            **{name: getattr(each.quality, name, None) for name in ("q_arch", "q_recipe", "blend_score")},
            difference=DifferenceRow.of(each.difference) if each.difference else None,
        )


class Comparison(BaseModel):
    """Submissions in the order asked for; `thresholds` are what a gain over the first has to exceed."""

    first: UUID
    thresholds: dict[str, float]
    submissions: list[ComparedRow]

    @classmethod
    def of(cls, found: Compared) -> Self:
        """A comparison as JSON."""
        return cls(
            first=found.contestants[0].submission.pk,
            thresholds=found.thresholds.model_dump(),
            submissions=[ComparedRow.of(each) for each in found.contestants],
        )


class CompareView(APIView):
    """Submissions side by side."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="compare", parameters=[CompareQuery], responses=answers(Comparison, 400, 404))
    def get(self, request: Request) -> HttpResponseBase:
        """Figures of up to 12 submissions, and the paired test of each against the first."""
        try:
            found = compared(names_in(request.query_params.getlist("ids")))
        except CompareRefused as refused:
            raise Problem(refused.status, refused.code, str(refused)) from refused
        body = Comparison.of(found).model_dump(mode="json")
        etag = etag_of(body)
        return not_modified(request, etag) or tagged(body, etag)
