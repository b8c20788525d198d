"""Opening, resolving and reopening holds: the only writer of `Hold`, with `reviews.claims` and their history.

A decision takes the hold's row lock and the version that its operator looked at: of two operators one wins
and the other is told so. What a decision changes elsewhere belongs to whoever calls, in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from prism_site.config import env
from reviews.attribution import Attribution
from reviews.claims import ClaimLost, HoldChanged, HoldClaimed, claim, renew, unclaim
from reviews.hold_history import picture, record
from reviews.models import Hold, HoldEvent

__all__ = ["ClaimLost", "HoldChanged", "HoldClaimed", "claim", "renew", "unclaim"]

NOTE_CHARS = 2000
ATTRIBUTED = frozenset(
    {Hold.Kind.LOW_CONFIDENCE_ATTRIBUTION, Hold.Kind.NEAR_THRESHOLD, Hold.Kind.STRUCTURE_CHANGED}
)
UNATTRIBUTABLE = frozenset({Hold.Kind.INFRASTRUCTURE, Hold.Kind.INTEGRITY_ANOMALY})
PLAIN = frozenset({Hold.Decision.RELEASE, Hold.Decision.CONFIRM})
DECISIONS: Mapping[Hold.Kind, frozenset[Hold.Decision]] = {
    **dict.fromkeys(Hold.Kind, PLAIN),
    **dict.fromkeys(ATTRIBUTED, PLAIN | {Hold.Decision.ATTRIBUTE}),
    Hold.Kind.INTEGRITY_ANOMALY: PLAIN | {Hold.Decision.LIFT_MULTIPLIER},
}


class DecisionRefused(Exception):
    """The kind of hold does not take this decision, or the note is missing or too long."""

    code = "decision_refused"


def open_hold(
    submission_id: UUID,
    *,
    kind: Hold.Kind,
    reason_code: str,
    summary: str,
    evidence: Mapping[str, Any],
    by: str,
    confidence: float = 1.0,
) -> Hold:
    """The open hold of this kind, made now unless there is one; `summary` is public, in neutral words."""
    now = timezone.now()
    with transaction.atomic():
        hold, created = Hold.objects.get_or_create(
            submission_id=submission_id,
            kind=kind,
            status=Hold.Status.OPEN,
            defaults={
                "reason_code": reason_code,
                "summary": summary,
                "evidence": dict(evidence),
                "confidence": confidence,
                "created_at": now,
                "due_at": due_after(now),
            },
        )
        if created:
            record(hold, HoldEvent.Verb.OPEN, by=by, before={})
    return hold


def resolve(
    hold_id: int,
    decision: Hold.Decision,
    *,
    by: str,
    note: str,
    version: int,
    attribution: Attribution | None = None,
    closed_with: Hold | None = None,
) -> Hold:
    """Store a person's decision; the caller moves the submission in the same transaction.

    `closed_with` is the hold that was decided so, where this one is closed by the same decision.

    Raises `DecisionRefused` and `HoldChanged`.
    """
    note = checked_note(note)
    with transaction.atomic():
        hold = _current(hold_id, version)
        _check_decision(Hold.Kind(hold.kind), decision, attribution)
        hold.resolution = attribution.as_json() if attribution else {}
        hold.closed_with = closed_with
        _close(hold, decision, by=by, note=note)
    return hold


def close_with(leader: Hold) -> list[Hold]:
    """A rejection leaves nothing to decide: the submission's other open holds close as this one did."""
    others = list(open_holds(leader.submission_id).select_for_update().order_by("pk"))
    for hold in others:
        before = picture(hold)
        hold.closed_with = leader
        _close(hold, Hold.Decision(leader.decision), by=leader.decided_by, note=leader.note)
        record(hold, HoldEvent.Verb.CLOSE, by=leader.decided_by, before=before, note=leader.note)
    return others


def reopen(hold: Hold, *, by: str, note: str) -> Hold:
    """Make a locked, resolved hold as if nobody had decided; its history keeps the decision."""
    before = picture(hold)
    hold.status, hold.decision, hold.note = Hold.Status.OPEN, "", ""
    hold.decided_by, hold.decided_at, hold.resolution, hold.closed_with = "", None, {}, None
    hold.due_at = max(hold.due_at, due_after(timezone.now()))
    hold.escalated_at, hold.version = None, hold.version + 1
    hold.save()
    record(hold, HoldEvent.Verb.UNDO, by=by, before=before, note=note)
    return hold


def expire(hold: Hold, *, by: str, note: str) -> Hold:
    """Close a locked, open hold without a decision."""
    before = picture(hold)
    hold.status, hold.decided_at, hold.version = Hold.Status.EXPIRED, timezone.now(), hold.version + 1
    hold.claimed_by, hold.claimed_at, hold.claim_expires_at = "", None, None
    hold.save()
    record(hold, HoldEvent.Verb.EXPIRE, by=by, before=before, note=note)
    return hold


def open_holds(submission_id: UUID) -> Any:
    """What still stops a submission, the most urgent first."""
    return Hold.objects.filter(submission_id=submission_id, status=Hold.Status.OPEN).order_by("due_at", "pk")


def due_after(now: datetime) -> datetime:
    """When a hold opened at `now` should have been looked at."""
    return now + timedelta(seconds=env().hold_due_seconds)


def checked_note(note: str) -> str:
    """The note without blanks around it; `DecisionRefused` where there is none, or a novel."""
    note = note.strip()
    if not 0 < len(note) <= NOTE_CHARS:
        raise DecisionRefused(f"a decision needs a note of at most {NOTE_CHARS} characters")
    return note


def _check_decision(kind: Hold.Kind, decision: Hold.Decision, attribution: Attribution | None) -> None:
    if decision not in DECISIONS[kind]:
        raise DecisionRefused(f"a hold of the kind {kind} does not take {decision}")
    if decision == Hold.Decision.ATTRIBUTE and attribution is None:
        raise DecisionRefused("an attribution says whose the architecture and the training are")
    if attribution is None:
        return
    if kind in UNATTRIBUTABLE:
        raise DecisionRefused(f"a hold of the kind {kind} attributes nothing")
    if attribution.refuses != (decision == Hold.Decision.CONFIRM):
        raise DecisionRefused(f"this attribution and {decision} contradict each other")


def _close(hold: Hold, decision: Hold.Decision, *, by: str, note: str) -> None:
    hold.status, hold.decision, hold.note = Hold.Status.RESOLVED, decision, note
    hold.decided_by, hold.decided_at, hold.version = by, timezone.now(), hold.version + 1
    hold.claimed_by, hold.claimed_at, hold.claim_expires_at = "", None, None
    hold.save()


def _current(hold_id: int, version: int) -> Hold:
    """The locked row, if it is open and still what the operator saw."""
    hold = Hold.objects.select_for_update().get(pk=hold_id)
    if hold.status != Hold.Status.OPEN or hold.version != version:
        raise HoldChanged(hold)
    return hold
