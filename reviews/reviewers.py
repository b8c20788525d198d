"""Who reviews, in which order, and for how long at most: one function for each `Review.Reviewer`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evaluations.intake.bundle import Bundle
from prism_site.policy.resolve import Policy
from reviews.ladder import Finding
from reviews.models import Review
from reviews.static_checks.contract import check_contract

Reviewer = Review.Reviewer
SECONDS = 30.0  # of a review that starts no model and asks nobody
# What keeps a host from reviewing and says nothing of the submission: it waits.
UNAVAILABLE: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Reviewed:
    """What one reviewer found; `confidence` is 1 for deterministic ones."""

    reviewer: Review.Reviewer
    findings: list[Finding]
    confidence: float = 1.0


def carry_out(
    reviewer: Review.Reviewer, submission_id: UUID, bundle: Bundle, policy: Policy
) -> list[Reviewed]:
    """Ask one reviewer; some answer for others too, which are then asked no more."""
    return REVIEWERS[reviewer](submission_id, bundle, policy)


def is_asked(reviewer: Review.Reviewer, policy: Policy) -> bool:
    """Whether policy has a submission meet this reviewer."""
    return reviewer in REVIEWERS


def longest_seconds(reviewer: Review.Reviewer, policy: Policy) -> float:
    """How long a reviewer may take, with a margin."""
    return SECONDS


def training_of(bundle: Bundle) -> str | None:
    """The training script that is checked; None where the reference recipe trains."""
    manifest = bundle.manifest
    return None if manifest.kind == "architecture_only" else manifest.training.entrypoint


def _contract(submission_id: UUID, bundle: Bundle, policy: Policy) -> list[Reviewed]:
    architecture = bundle.manifest.architecture.entrypoint
    findings = check_contract(bundle.files, architecture=architecture, training=training_of(bundle))
    return [Reviewed(Reviewer.CONTRACT, findings)]


REVIEWERS: Mapping[Review.Reviewer, Callable[[UUID, Bundle, Policy], list[Reviewed]]] = {
    Reviewer.CONTRACT: _contract,
}
