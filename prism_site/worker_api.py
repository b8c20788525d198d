"""Driving the pipeline one step at a time, for platforms that schedule it themselves instead of a worker."""

from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.enums import Stage, Status
from evaluations.models import Submission
from evaluations.tasks import launch_tick, reconcile_tick
from prism_site import pipeline
from prism_site.api.permissions import Platform
from prism_site.api.schema import answers

log = structlog.get_logger(__name__)

MOVING = (Stage.RECEIVED, Stage.REVIEW, Stage.SCORING)
STEPS = 10  # of one call, which stays seconds long


class StepTaken(BaseModel):
    """`advanced` submissions took a step; `launched` says whether a run was started."""

    advanced: int
    launched: bool


class ProcessNextView(APIView):
    """The worker's forward step."""

    permission_classes = [Platform]

    @extend_schema(operation_id="process_next", request=None, responses=answers(StepTaken, 401, 403))
    def post(self, request: Request) -> Response:
        """Advance the submissions that wait for a step, then start a run where a slot is free."""
        advanced = _advance()
        return Response(StepTaken(advanced=advanced, launched=bool(launch_tick())).model_dump())


class PollView(APIView):
    """The worker's look at running jobs."""

    permission_classes = [Platform]

    @extend_schema(operation_id="poll", request=None, responses=answers(StepTaken, 401, 403))
    def post(self, request: Request) -> Response:
        """Take progress and results of running jobs, then advance what they belong to."""
        reconcile_tick()
        return Response(StepTaken(advanced=_advance(), launched=False).model_dump())


def _advance() -> int:
    """Steps taken, at most `STEPS`; those that have waited longest go first."""
    advanced = 0
    for submission_id in _waiting().values_list("pk", flat=True):
        advanced += _take_step(submission_id)
        if advanced == STEPS:
            break
    return advanced


def _waiting() -> QuerySet[Submission]:
    """A queued submission that has its runs waits for a slot, not for a step."""
    ours = Q(stage__in=MOVING) | Q(stage=Stage.QUEUED, runs__isnull=True)
    return Submission.objects.filter(ours).exclude(status=Status.HELD).order_by("updated_at")


def _take_step(submission_id: UUID) -> bool:
    try:
        return pipeline.advance(str(submission_id))
    except Exception:  # one submission that cannot move must not stop those behind it
        log.exception("step_failed", submission_id=str(submission_id))
        return False
