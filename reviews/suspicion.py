"""From what the reviewers found to the holds that stop a submission before it costs any queue time."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from evaluations import transitions
from reviews import holds
from reviews.duplicates.neighbours import nearest
from reviews.ladder import Finding, Outcome
from reviews.models import Hold, Review

SUSPICIOUS = frozenset({Review.Outcome.HOLD, Review.Outcome.QUARANTINE})
KINDS: Mapping[str, Hold.Kind] = {Review.Reviewer.LLM: Hold.Kind.LLM_SUSPICION}  # others: quarantine
# For the public page: what was seen, and no judgement on it.
SUMMARIES: Mapping[Hold.Kind, str] = {
    Hold.Kind.QUARANTINE: "An operator looks at one thing in this bundle before it is evaluated.",
    Hold.Kind.LLM_SUSPICION: "The automatic reading of this bundle left a question that an operator answers.",
}


def hold_for_suspicions(submission_id: UUID, *, by: str) -> list[Hold]:
    """Hold a reviewed submission: one hold for each kind of suspicion, with all of its evidence.

    Raises `TransitionRefused` where it is not in review.
    """
    by_kind = _by_kind(submission_id)
    kind, rows = next(iter(by_kind.items()))
    first = _deciding(rows)
    data = {"holds": [str(each) for each in by_kind], "code": first.code}
    with transaction.atomic():
        # The move first: it locks the submission, so that of several workers the later ones are refused here.
        transitions.hold(
            submission_id, by=by, reason_code=first.code, reason=_summary(kind, first), data=data
        )
        return [_open(submission_id, kind, rows, by) for kind, rows in by_kind.items()]


def _by_kind(submission_id: UUID) -> dict[Hold.Kind, list[Review]]:
    """The reviews that ask for a hold, the most severe kind first."""
    rows = Review.objects.filter(submission_id=submission_id, outcome__in=SUSPICIOUS)
    found: dict[Hold.Kind, list[Review]] = {}
    for row in sorted(rows, key=lambda row: -Outcome[row.outcome.upper()]):
        found.setdefault(KINDS.get(row.reviewer, Hold.Kind.QUARANTINE), []).append(row)
    return found


def _open(submission_id: UUID, kind: Hold.Kind, rows: list[Review], by: str) -> Hold:
    first = _deciding(rows)
    return holds.open_hold(
        submission_id,
        kind=kind,
        reason_code=first.code,
        summary=_summary(kind, first),
        evidence=_evidence(rows),
        confidence=min(row.confidence for row in rows),
        by=by,
    )


def _deciding(rows: list[Review]) -> Finding:
    findings = [Finding.from_json(stored) for row in rows for stored in row.findings]
    return max(findings, key=lambda finding: finding.outcome)


def _summary(kind: Hold.Kind, first: Finding) -> str:
    """What a model claims stays with the operator; what a rule measured is told with its place."""
    told = SUMMARIES[kind]
    return told if kind == Hold.Kind.LLM_SUSPICION else f"{told} {first.sentence}"


def _evidence(rows: list[Review]) -> dict[str, Any]:
    findings = [{"reviewer": row.reviewer, **stored} for row in rows for stored in row.findings]
    found: dict[str, Any] = {"findings": findings}
    if any(row.reviewer == Review.Reviewer.DUPLICATES for row in rows):
        found["neighbours"] = [each.as_json() for each in nearest(rows[0].submission_id)]
    return found
