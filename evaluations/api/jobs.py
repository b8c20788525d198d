"""How the evaluation itself is doing: runs by state, and the newest of them."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.models import Run
from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.schema import answers

SHOWN = 50
FIELDS = (
    "id", "purpose", "submission_id", "mode", "state", "attempts_made", "verdict", "code",
    "created_at", "finished_at",
)  # fmt: skip


class EvalJob(BaseModel):
    """One run over all its attempts; a yardstick (`reference`, `baseline`) is no submission's own."""

    id: UUID
    purpose: str
    submission_id: UUID | None
    mode: str
    state: str
    attempts_made: int
    verdict: str
    code: str
    created_at: datetime
    finished_at: datetime | None


class EvalJobs(BaseModel):
    """Counts of all runs by state, and the newest fifty."""

    counts: dict[str, int]
    recent: list[EvalJob]


class EvalJobsView(APIView):
    """Recent runs."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="eval_jobs", responses=answers(EvalJobs))
    def get(self, request: Request) -> Response:
        """Runs by state, and the newest of them."""
        counts = dict(Run.objects.values_list("state").annotate(Count("pk")).order_by())
        newest = Run.objects.order_by("-created_at").values(*FIELDS)[:SHOWN]
        answer = EvalJobs(counts=counts, recent=[EvalJob(**row) for row in newest])
        return Response(answer.model_dump(mode="json"))
