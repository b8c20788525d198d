"""Carrying out the reviews of a submission, cheapest first: each writes its row once, the worst decides."""

import time
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from evaluations.bundles import stored_bundle
from evaluations.intake.bundle import Bundle
from evaluations.run_files import bundle_as_run
from prism_site.policy.resolve import Policy
from reviews import ladder
from reviews.ladder import Finding, Outcome
from reviews.models import Review
from reviews.reviewers import Reviewed, carry_out, is_asked, longest_seconds
from reviews.rows import findings_of
from reviews.turns import turn


@dataclass(frozen=True)
class Decision:
    """What all reviews of a submission come to; `because` is None where nothing was found."""

    outcome: Outcome
    because: Finding | None


def review_next(submission_id: UUID, policy: Policy) -> bool:
    """Carry out the next review of a submission; False where none is left, or another worker has it.

    Raises what keeps this host from reviewing: `reviews.reviewers.UNAVAILABLE`.
    """
    reviewer = next_reviewer(submission_id, policy)
    if reviewer is None:
        return False
    with turn(submission_id, reviewer, seconds=longest_seconds(reviewer, policy)) as ours:
        if not ours or next_reviewer(submission_id, policy) != reviewer:
            return False
        began = time.monotonic()
        found = carry_out(reviewer, submission_id, _bundle(reviewer, submission_id), policy)
        for each in found:
            _store(submission_id, each, time.monotonic() - began)
    return True


def next_reviewer(submission_id: UUID, policy: Policy) -> Review.Reviewer | None:
    """Who has not looked yet; nobody looks at what is refused already."""
    rows = dict(Review.objects.filter(submission_id=submission_id).values_list("reviewer", "outcome"))
    if Review.Outcome.REJECT in rows.values():
        return None
    asked = [reviewer for reviewer in Review.Reviewer if is_asked(reviewer, policy)]
    return next((reviewer for reviewer in asked if reviewer not in rows), None)


def decision_of(submission_id: UUID) -> Decision:
    """What the stored reviews say."""
    findings = findings_of(submission_id)
    return Decision(ladder.worst(findings), ladder.deciding(findings))


def _bundle(reviewer: Review.Reviewer, submission_id: UUID) -> Bundle:
    """What will be run; copies are looked for in what was sent, as a named architecture is no copy."""
    own = reviewer == Review.Reviewer.DUPLICATES
    return stored_bundle(submission_id) if own else bundle_as_run(submission_id)


def _store(submission_id: UUID, found: Reviewed, seconds: float) -> None:
    Review.objects.get_or_create(
        submission_id=submission_id,
        reviewer=found.reviewer,
        defaults={
            "outcome": ladder.worst(found.findings).name.lower(),
            "confidence": found.confidence,
            "findings": [finding.as_json() for finding in found.findings],
            "duration_seconds": seconds,
            "created_at": timezone.now(),
        },
    )
