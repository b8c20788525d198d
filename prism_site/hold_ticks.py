"""Holds against the clock: opened where one is missing, escalated, and expired, never into acceptance."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Status
from evaluations.models import Submission
from prism_site import hold_moves
from prism_site.config import env
from reviews import holds, opening
from reviews.hold_history import picture, record
from reviews.models import Hold, HoldEvent
from scoring import ownership
from scoring.ownership import State

BY = "system:holds"
EXPIRED_CODE = "hold_expired"
EXPIRED_REASON = "It was held, and no operator decided in time. A corrected bundle may be sent at any time."
AT_ONCE = 100  # holds of one tick, which stays seconds long
ENDED = (Status.REJECTED, Status.FAILED)
log = structlog.get_logger(__name__)


def attend_holds() -> None:
    """The tick: what it does not get to, the next one does."""
    now = timezone.now()
    for submission_id in _held_without_hold():
        opening.open_missing(submission_id, by=BY)
    for hold_id in _open_where(due_at__lt=now, escalated_at=None):
        escalate(hold_id)
    for hold_id in _open_where(submission__status__in=ENDED):
        close_moot(hold_id)
    for hold_id in _open_where(due_at__lt=now - grace()):
        _expire_unless_moving(hold_id)


def grace() -> timedelta:
    """How long after `due_at` a hold expires; a hold that was reopened gets the whole time again."""
    seconds = env().held_review_timeout_seconds - env().hold_due_seconds
    return timedelta(seconds=max(seconds, 0))


def escalate(hold_id: int) -> bool:
    """Say once in a hold's history that it is overdue."""
    with transaction.atomic():
        hold = Hold.objects.select_for_update().get(pk=hold_id)
        if not hold.is_overdue or hold.escalated_at is not None:
            return False
        before, hold.escalated_at = picture(hold), timezone.now()
        hold.save(update_fields=["escalated_at"])
        record(hold, HoldEvent.Verb.ESCALATE, by=BY, before=before)
    log.warning("hold_overdue", hold=hold.pk, kind=hold.kind, due_at=hold.due_at.isoformat())
    return True


def expire(hold_id: int) -> bool:
    """Reject the submission of a hold that nobody decided, and close all its holds."""
    with transaction.atomic():
        hold = hold_moves.lock(hold_id)
        if hold.status != Hold.Status.OPEN or hold.due_at >= timezone.now() - grace():
            return False
        others = holds.open_holds(hold.submission_id).select_for_update().order_by("pk")
        data = {"holds": [holds.expire(each, by=BY, note=EXPIRED_CODE).pk for each in others]}
        why = {"hold": hold.pk, "decision": EXPIRED_CODE}
        ownership.set_aside(submission_id=hold.submission_id, state=State.REJECTED, by=BY, why=why)
        transitions.reject(
            hold.submission_id, by=BY, reason_code=EXPIRED_CODE, reason=EXPIRED_REASON, data=data
        )
    log.warning("hold_expired", hold=hold.pk, submission=str(hold.submission_id))
    return True


def close_moot(hold_id: int) -> bool:
    """Close a hold whose submission ended by itself while a decision about it was undone."""
    with transaction.atomic():
        hold = hold_moves.lock(hold_id)
        if hold.status != Hold.Status.OPEN or hold.submission.status not in ENDED:
            return False
        holds.expire(hold, by=BY, note="The submission has ended without it.")
    return True


def _expire_unless_moving(hold_id: int) -> None:
    try:
        expire(hold_id)
    except transitions.TransitionRefused:  # the next tick looks again
        log.info("hold_left_alone", hold=hold_id)


def _open_where(**conditions: Any) -> list[int]:
    found = Hold.objects.filter(status=Hold.Status.OPEN, **conditions).order_by("due_at")
    return list(found.values_list("pk", flat=True)[:AT_ONCE])


def _held_without_hold() -> list[UUID]:
    theirs = Hold.objects.filter(submission=OuterRef("pk"), status=Hold.Status.OPEN)
    held = Submission.objects.filter(~Exists(theirs), status=Status.HELD)
    return list(held.values_list("pk", flat=True)[:AT_ONCE])
