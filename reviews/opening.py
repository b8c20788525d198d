"""Holds that the story opens by itself: for anomalies, for attributions, and for runs lost too often."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from evaluations import events, transitions
from evaluations.enums import RunState, Stage, Status, Verdict
from evaluations.models import Run, Submission
from reviews import holds
from reviews.models import Hold

INFRASTRUCTURE_SUMMARY = "It could not be evaluated on this installation; an operator looks into it."
_KIND_OF_STAGE = {
    Stage.REVIEW: Hold.Kind.QUARANTINE,
    Stage.QUEUED: Hold.Kind.INFRASTRUCTURE,
    Stage.SCORING: Hold.Kind.INTEGRITY_ANOMALY,
}


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
        return holds.open_hold(
            submission_id,
            kind=Hold.Kind.INTEGRITY_ANOMALY,
            reason_code=first["code"],
            summary=summary,
            evidence={"anomalies": anomalies},
            by=by,
        )


def hold_for_attribution(
    submission_id: UUID,
    *,
    kind: Hold.Kind,
    reason_code: str,
    summary: str,
    evidence: Mapping[str, Any],
    confidence: float,
    by: str,
) -> Hold:
    """Stop a scored submission until a person has said whose it is; the caller has locked it.

    One that a decision about another hold was about to let go is held already, and stays so.
    """
    submission = Submission.objects.get(pk=submission_id)
    data = {"kind": kind}
    if submission.status == Status.HELD:
        events.append(submission, verb="hold", by=by, reason_code=reason_code, data=data)
    else:
        transitions.hold(submission_id, by=by, reason_code=reason_code, reason=summary, data=data)
    return holds.open_hold(
        submission_id,
        kind=kind,
        reason_code=reason_code,
        summary=summary,
        evidence=evidence,
        confidence=confidence,
        by=by,
    )


def open_missing(submission_id: UUID, *, by: str) -> Hold | None:
    """The hold of a submission that was held without one: its run was lost too often."""
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission_id)
        if submission.status != Status.HELD or holds.open_holds(submission_id).exists():
            return None
        kind, last = _KIND_OF_STAGE[Stage(submission.stage)], submission.events.filter(verb="hold").last()
        return holds.open_hold(
            submission_id,
            kind=kind,
            reason_code=submission.reason_code,
            summary=submission.reason or INFRASTRUCTURE_SUMMARY,
            evidence={"event": last.data if last else {}},
            by=by,
        )
