"""Reading submissions: the list, one of them, its timeline, its manifest."""

from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.answers import (
    ClaimRow,
    EventPage,
    EventRow,
    Heldout,
    HoldNotice,
    LookRow,
    RunRow,
    StoppedBecause,
    SubmissionDetail,
    SubmissionPage,
    SubmissionRow,
)
from evaluations.api.quality_answers import QualityAccount
from evaluations.api.queue_answers import QueuePlace
from evaluations.attributed import attributed
from evaluations.checklist.claim import items
from evaluations.checklist.listing import checklist
from evaluations.enums import Mode, RunPurpose, RunState, Status
from evaluations.holding import held
from evaluations.models import Run, Submission
from evaluations.queue_place import place_of
from prism_site.access.throttles import AddressThrottle
from prism_site.api.paging import PageQuery, decode_cursor, encode_cursor, newest_first, page_of
from prism_site.api.permissions import Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers

# What a list does not show of a quality, and would be kilobytes a row.
ACCOUNT = tuple(
    f"quality__{name}" for name in ("architecture", "training", "runs", "awaited", "policy_row_ids")
)
STOPPED = (Status.FAILED, Status.REJECTED, Status.HELD)


class SubmissionQuery(PageQuery):
    """Filters of the list."""

    hotkey = serializers.CharField(required=False, max_length=64)
    status = serializers.ChoiceField(required=False, choices=Status.choices)
    mode = serializers.ChoiceField(required=False, choices=Mode.choices)
    epoch = serializers.IntegerField(required=False, min_value=0, max_value=2**62)


def submission_page(query: dict[str, Any]) -> Response:
    """One page of submissions, newest first."""
    filters = {name: query[name] for name in ("hotkey", "status", "mode", "epoch") if name in query}
    rows = Submission.objects.select_related("score", "quality").defer(*ACCOUNT).filter(**filters)
    found, cursor = newest_first(rows, query.get("cursor"), query["limit"])
    page = SubmissionPage(items=[SubmissionRow.of(row) for row in found], next_cursor=cursor)
    return Response(page.model_dump(mode="json"))


class SubmissionView(APIView):
    """One submission."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="submission", responses=answers(SubmissionDetail, 404))
    def get(self, request: Request, submission_id: UUID) -> Response:
        """Status, scores, hooks used, what was proved of its run, and the reason where it was stopped."""
        submission = get_object_or_404(
            Submission.objects.select_related("score", "quality", "attribution__family"), pk=submission_id
        )
        runs = list(submission.runs.order_by("created_at", "seed"))
        manifest = _newest(runs)
        detail = SubmissionDetail.of(
            submission,
            tokenizer=submission.tokenizer,
            **attributed(submission),
            runs=[RunRow.of(run) for run in runs],
            hooks=(manifest.get("training") or {}).get("hooks") or {},
            claims=[ClaimRow.of(claim) for claim in checklist(manifest)],
            heldout=Heldout.of(manifest),
            diagnostics=[LookRow.of(look) for look in items(manifest.get("diagnostics"))],
            quality=QualityAccount.of(submission),
            error=_error(submission),
            hold=HoldNotice.of(held(submission)),
            queue=QueuePlace.of(place_of(submission)),
        )
        return Response(detail.model_dump(mode="json"))


def _error(submission: Submission) -> StoppedBecause | None:
    if submission.status not in STOPPED:
        return None
    return StoppedBecause(code=submission.reason_code, reason=submission.reason)


def _newest(runs: list[Run]) -> dict[str, Any]:
    """The manifest that was taken last; empty before there is one."""
    dated = [(run.finished_at, run.manifest) for run in runs if run.finished_at and run.manifest]
    return max(dated, key=itemgetter(0))[1] if dated else {}


def newest_manifest(submission_id: UUID, run_id: UUID | None = None) -> dict[str, Any] | None:
    """The manifest that was taken last for a submission, or that of one of its runs or of a yardstick."""
    finished = Run.objects.filter(state=RunState.FINISHED)
    if run_id is None:
        finished = finished.filter(submission_id=submission_id)
    else:
        finished = finished.filter(
            Q(submission_id=submission_id) | ~Q(purpose=RunPurpose.SUBMISSION), pk=run_id
        )
    manifest: dict[str, Any] | None = (
        finished.order_by("-finished_at").values_list("manifest", flat=True).first()
    )
    return manifest


class ManifestQuery(serializers.Serializer[Any]):
    """Which run's manifest; the one that was finished last where none is named."""

    run = serializers.UUIDField(required=False)


class SubmissionManifestView(APIView):
    """The manifest of one submission's run."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(
        operation_id="submission_manifest",
        parameters=[ManifestQuery],
        responses=answers(OpenApiTypes.OBJECT, 400, 404),
    )
    def get(self, request: Request, submission_id: UUID) -> Response:
        """The run manifest as the referee wrote it; 404 `no_manifest` before there is one."""
        query = ManifestQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        get_object_or_404(Submission.objects.only("id"), pk=submission_id)
        manifest = newest_manifest(submission_id, query.validated_data.get("run"))
        if manifest is None:
            raise Problem(404, "no_manifest", "No such run of this submission has finished yet.")
        return Response(manifest)


class SubmissionEventsView(APIView):
    """The timeline of one submission."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(
        operation_id="submission_events", parameters=[PageQuery], responses=answers(EventPage, 400, 404)
    )
    def get(self, request: Request, submission_id: UUID) -> Response:
        """Events, oldest first."""
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        submission = get_object_or_404(Submission.objects.only("id"), pk=submission_id)
        cursor, limit = query.validated_data.get("cursor"), query.validated_data["limit"]
        after = decode_cursor(cursor, int)[0] if cursor else 0
        rows = list(submission.events.filter(sequence__gt=after).order_by("sequence")[: limit + 1])
        found, next_cursor = page_of(rows, limit, lambda event: encode_cursor(event.sequence))
        page = EventPage(items=[EventRow.of(event) for event in found], next_cursor=next_cursor)
        return Response(page.model_dump(mode="json"))
