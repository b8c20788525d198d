"""Who reviews, in which order, and for how long at most: one function for each `Review.Reviewer`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from evaluations.enums import Mode
from evaluations.intake.bundle import Bundle
from evaluations.models import Submission
from evaluations.run_files import bundle_as_claimed
from prism_site.policy.resolve import Policy
from reviews.bounded_child import HostBusy
from reviews.describe.review import WALL_SECONDS, DescribeUnavailable, describe
from reviews.describe.store import remember
from reviews.duplicates import review as duplicates
from reviews.identity.store import remember_identity
from reviews.ladder import Finding
from reviews.llm import review as llm
from reviews.models import Review
from reviews.rows import findings_of
from reviews.static_checks.check import Examined, examine

Reviewer = Review.Reviewer
SECONDS = 30.0  # of a review that starts no model and asks nobody
DUPLICATES_SECONDS = 120.0  # it takes in earlier submissions that nobody has compared yet
# What keeps a host from reviewing and says nothing of the submission: it waits.
UNAVAILABLE = (DescribeUnavailable, HostBusy)


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
    return reviewer in REVIEWERS and (reviewer != Reviewer.LLM or policy.llm_review_policy.enabled)


def longest_seconds(reviewer: Review.Reviewer, policy: Policy) -> float:
    """How long a reviewer may take, with a margin."""
    if reviewer == Reviewer.LLM:
        return SECONDS + llm.longest_seconds(policy.llm_review_policy)
    if reviewer == Reviewer.DESCRIBE:
        return SECONDS + WALL_SECONDS
    return DUPLICATES_SECONDS if reviewer == Reviewer.DUPLICATES else SECONDS


def examined(bundle: Bundle) -> Examined:
    """Contract and rules over a bundle, read in one bounded child."""
    manifest = bundle.manifest
    # The reference recipe trains what brings an architecture alone.
    training = None if manifest.kind == "architecture_only" else manifest.training.entrypoint
    architecture = manifest.architecture.entrypoint
    named = manifest.kind == "training_for_arch" and architecture not in bundle.files
    return examine(
        bundle.files,
        architecture=None if named else architecture,
        training=training,
        tokenizer=manifest.tokenizer,
    )


def _source(submission_id: UUID, bundle: Bundle, policy: Policy) -> list[Reviewed]:
    found = examined(bundle)
    return [
        Reviewed(Reviewer.CONTRACT, list(found.contract_findings)),
        Reviewed(Reviewer.STATIC, list(found.static_findings)),
    ]


def _describe(submission_id: UUID, bundle: Bundle, policy: Policy) -> list[Reviewed]:
    mode = Mode(Submission.objects.values_list("mode", flat=True).get(pk=submission_id))
    described = describe(bundle, mode=mode, policy=policy)
    remember(submission_id, described)
    remember_identity(
        submission_id, bundle_as_claimed(submission_id), described.identity
    )  # none may queue without
    return [Reviewed(Reviewer.DESCRIBE, described.findings)]


def _duplicates(submission_id: UUID, bundle: Bundle, policy: Policy) -> list[Reviewed]:
    submission = Submission.objects.get(pk=submission_id)
    compared = duplicates.compare(submission, bundle, policy.duplicate_thresholds)
    return [Reviewed(Reviewer.DUPLICATES, compared.findings)]


def _llm(submission_id: UUID, bundle: Bundle, policy: Policy) -> list[Reviewed]:
    deterministic = findings_of(submission_id)
    judged = llm.judge(submission_id, bundle, policy=policy.llm_review_policy, deterministic=deterministic)
    return [Reviewed(Reviewer.LLM, judged.findings, judged.confidence)]


REVIEWERS: Mapping[Review.Reviewer, Callable[[UUID, Bundle, Policy], list[Reviewed]]] = {
    Reviewer.CONTRACT: _source,
    Reviewer.STATIC: _source,
    Reviewer.DESCRIBE: _describe,
    Reviewer.DUPLICATES: _duplicates,
    Reviewer.LLM: _llm,
}
