"""Writing the append-only history."""

from typing import Any

from django.db.models import Max
from django.utils import timezone

from evaluations.models import Event, Submission


def append(
    submission: Submission, *, verb: str, by: str, reason_code: str = "", data: dict[str, Any] | None = None
) -> Event:
    """Add the next event of a submission whose row the caller has locked."""
    last = submission.events.aggregate(last=Max("sequence"))["last"] or 0
    return Event.objects.create(
        submission=submission,
        sequence=last + 1,
        at=timezone.now(),
        by=by,
        verb=verb,
        status=submission.status,
        stage=submission.stage,
        reason_code=reason_code,
        data=data or {},
    )
