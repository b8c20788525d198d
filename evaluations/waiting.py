"""Saying in a submission's history why it waits, once per reason."""

from typing import Any

from django.db import transaction

from evaluations import events
from evaluations.models import Submission

VERB = "wait"


def note_waiting(submission_id: Any, *, by: str, code: str, detail: str) -> bool:
    """Append an event unless the newest one says the same already; return whether one was written."""
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission_id)
        newest = submission.events.last()
        if newest is not None and (newest.verb, newest.reason_code) == (VERB, code):
            return False
        events.append(submission, verb=VERB, by=by, reason_code=code, data={"detail": detail[:1000]})
    return True
