"""Opening, claiming and resolving holds: the only writer of `Hold`.

A decision takes the hold's row lock and the version that its operator looked at: of two operators one wins
and the other is told so. What a decision changes elsewhere belongs to whoever calls, in the same transaction.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import RunState, Verdict
from evaluations.models import Run
from reviews.models import Hold

REVIEW_TIME = timedelta(hours=24)
NOTE_CHARS = 2000

DECISIONS: Mapping[Hold.Kind, frozenset[Hold.Decision]] = {
    Hold.Kind.INTEGRITY_ANOMALY: frozenset(Hold.Decision),
    **{
        kind: frozenset({Hold.Decision.RELEASE, Hold.Decision.CONFIRM})
        for kind in Hold.Kind
        if kind != Hold.Kind.INTEGRITY_ANOMALY
    },
}


class DecisionRefused(Exception):
    """The kind of hold does not take this decision, or the note is missing or too long."""

    code = "decision_refused"


class HoldChanged(Exception):
    """Another operator changed or decided the hold in the meantime."""

    code = "hold_changed"


def hold_for_anomalies(submission_id: UUID, *, by: str) -> Hold:
    """Stop a scored submission whose runs show integrity anomalies, until a person has looked at them.

    Raises `TransitionRefused` where it is not being scored.
    """
    runs = Run.objects.filter(
        submission_id=submission_id, state=RunState.FINISHED, verdict=Verdict.SCORED
    ).order_by("created_at", "seed")
    anomalies = [
        {"run": str(run.pk), **anomaly}
        for run in runs
        for anomaly in ((run.manifest or {}).get("integrity") or {}).get("anomalies") or []
    ]
    first = anomalies[0] if anomalies else {"code": "integrity_anomaly", "detail": "Its multiplier is 0."}
    summary = f"An operator looks at one figure of this run before its score counts. {first['detail']}"
    data = {"anomalies": [anomaly["code"] for anomaly in anomalies]}
    with transaction.atomic():
        # The move first: it locks the submission, so that of several workers the later ones are refused here.
        transitions.hold(submission_id, by=by, reason_code=first["code"], reason=summary, data=data)
        return _open(submission_id, Hold.Kind.INTEGRITY_ANOMALY, first["code"], summary, anomalies)


def claim(hold_id: int, *, by: str, version: int) -> Hold:
    """Say that an operator is looking at it; raises `HoldChanged`."""
    with transaction.atomic():
        hold = _current(hold_id, version)
        hold.claimed_by, hold.claimed_at, hold.version = by, timezone.now(), version + 1
        hold.save(update_fields=["claimed_by", "claimed_at", "version"])
    return hold


def resolve(hold_id: int, decision: Hold.Decision, *, by: str, note: str, version: int) -> Hold:
    """Store a person's decision; the caller moves the submission in the same transaction.

    Raises `DecisionRefused` and `HoldChanged`.
    """
    note = note.strip()
    if not 0 < len(note) <= NOTE_CHARS:
        raise DecisionRefused(f"a decision needs a note of at most {NOTE_CHARS} characters")
    with transaction.atomic():
        hold = _current(hold_id, version)
        if decision not in DECISIONS[Hold.Kind(hold.kind)]:
            raise DecisionRefused(f"a hold of the kind {hold.kind} does not take {decision}")
        hold.status, hold.decision, hold.note = Hold.Status.RESOLVED, decision, note
        hold.decided_by, hold.decided_at, hold.version = by, timezone.now(), version + 1
        hold.save(update_fields=["status", "decision", "note", "decided_by", "decided_at", "version"])
    return hold


def _current(hold_id: int, version: int) -> Hold:
    """The locked row, if it is open and still what the operator saw."""
    hold = Hold.objects.select_for_update().get(pk=hold_id)
    if hold.status != Hold.Status.OPEN or hold.version != version:
        raise HoldChanged(f"hold {hold_id} is {hold.status}, version {hold.version}, not {version}")
    return hold


def _open(
    submission_id: UUID, kind: Hold.Kind, reason_code: str, summary: str, evidence: list[dict[str, Any]]
) -> Hold:
    now = timezone.now()
    return Hold.objects.create(
        submission_id=submission_id,
        kind=kind,
        reason_code=reason_code,
        summary=summary,
        evidence={"anomalies": evidence},
        created_at=now,
        due_at=now + REVIEW_TIME,
    )
