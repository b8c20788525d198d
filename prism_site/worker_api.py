"""Driving the pipeline one step at a time, for platforms that schedule it themselves instead of a worker."""

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.enums import Stage
from evaluations.models import Submission
from evaluations.tasks import launch_tick, reconcile_tick
from prism_site import pipeline
from prism_site.api.permissions import Platform
from prism_site.api.schema import answers

MOVING = (Stage.RECEIVED, Stage.REVIEW, Stage.QUEUED, Stage.SCORING)
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
    """Those that have waited longest go first; a step that another worker takes is not counted."""
    waiting = Submission.objects.filter(stage__in=MOVING).order_by("updated_at").values_list("pk", flat=True)
    return sum(pipeline.advance(str(pk)) for pk in waiting[:STEPS])
