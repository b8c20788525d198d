"""Writing the append-only history."""

from typing import Any

from django.utils import timezone

from evaluations import event_chain
from evaluations.models import Event, Submission


def append(
    submission: Submission, *, verb: str, by: str, reason_code: str = "", data: dict[str, Any] | None = None
) -> Event:
    """Add the next event of a submission whose row the caller has locked."""
    newest = submission.events.order_by("-sequence").values_list("sequence", "hash").first()
    sequence, previous_hash = newest or (0, event_chain.START)
    event = Event(
        submission=submission,
        sequence=sequence + 1,
        at=timezone.now(),
        by=by,
        verb=verb,
        status=submission.status,
        stage=submission.stage,
        reason_code=reason_code,
        data=data or {},
        previous_hash=previous_hash,
    )
    event.hash = event_chain.seal_of(event)
    event.save(force_insert=True)
    return event
