"""Carrying out the reviews of a submission: each writes its row once, the worst outcome decides."""

import time
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from evaluations.bundles import stored_bundle
from evaluations.intake.bundle import Bundle
from reviews import ladder
from reviews.ladder import Finding, Outcome
from reviews.models import Review
from reviews.static_checks.contract import check_contract


@dataclass(frozen=True)
class Decision:
    """What all reviews of a submission come to; `because` is None where nothing was found."""

    outcome: Outcome
    because: Finding | None


def review(submission_id: UUID) -> Decision:
    """Carry out every review that has no row yet and decide over all of them."""
    if not Review.objects.filter(submission_id=submission_id, reviewer=Review.Reviewer.CONTRACT).exists():
        _review_contract(submission_id)
    return decision_of(submission_id)


def decision_of(submission_id: UUID) -> Decision:
    """What the stored reviews say."""
    rows = Review.objects.filter(submission_id=submission_id)
    findings = [Finding.from_json(stored) for row in rows for stored in row.findings]
    return Decision(ladder.worst(findings), ladder.deciding(findings))


def _review_contract(submission_id: UUID) -> None:
    began = time.monotonic()
    findings = _contract_findings(stored_bundle(submission_id))
    Review.objects.get_or_create(
        submission_id=submission_id,
        reviewer=Review.Reviewer.CONTRACT,
        defaults={
            "outcome": ladder.worst(findings).name.lower(),
            "findings": [finding.as_json() for finding in findings],
            "duration_seconds": time.monotonic() - began,
            "created_at": timezone.now(),
        },
    )


def _contract_findings(bundle: Bundle) -> list[Finding]:
    manifest = bundle.manifest
    training = None if manifest.kind == "architecture_only" else manifest.training.entrypoint
    return check_contract(bundle.files, architecture=manifest.architecture.entrypoint, training=training)
