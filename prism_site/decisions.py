"""Carrying out a decision about a hold: the hold, the score and the submission move together."""

from django.db import transaction

from evaluations import transitions
from reviews import holds
from reviews.models import Hold
from scoring import actions as scoring


def decide_anomaly(hold_id: int, decision: Hold.Decision, *, by: str, note: str, version: int) -> Hold:
    """Resolve a hold of the kind `integrity_anomaly`.

    `release` completes the submission with a score of 0, `lift_multiplier` with the score that it would have
    had, `confirm` rejects it. Raises `DecisionRefused`, `HoldChanged` and `TransitionRefused`.
    """
    with transaction.atomic():
        hold = holds.resolve(hold_id, decision, by=by, note=note, version=version)
        if hold.kind != Hold.Kind.INTEGRITY_ANOMALY:
            raise holds.DecisionRefused(f"this is a hold of the kind {hold.kind}")
        if hold.decision == Hold.Decision.CONFIRM:
            _reject(hold)
        else:
            lift = hold.decision == Hold.Decision.LIFT_MULTIPLIER
            scoring.complete_held(submission_id=hold.submission_id, by=by, lift=lift, note=hold.note)
    return hold


def _reject(hold: Hold) -> None:
    transitions.reject(
        hold.submission_id,
        by=hold.decided_by,
        reason_code=hold.reason_code,
        reason=f"An operator confirmed it: {hold.note}",
        data={"hold": hold.pk, "note": hold.note},
    )
