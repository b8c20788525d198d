"""What the reviews would find in a bundle that nobody has submitted yet; nothing of it is stored."""

from dataclasses import dataclass

from django.utils import timezone

from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, read_bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.models import Submission
from prism_site.policy.resolve import Policy
from reviews import ladder
from reviews.duplicates import review as duplicates
from reviews.ladder import Finding, Outcome
from reviews.models import Review
from reviews.reviewers import examined

BUNDLE = "bundle"  # who found it, where no reviewer could look yet


@dataclass(frozen=True, kw_only=True)
class Prechecked:
    """`findings` by who found them; `code_hash` is empty where the bundle cannot be read."""

    code_hash: str
    findings: list[tuple[str, Finding]]

    @property
    def outcome(self) -> Outcome:
        """The worst: what a submission of this bundle would come to so far."""
        return ladder.worst(finding for _, finding in self.findings)


def precheck(archive: bytes, *, hotkey: str, limits: ArchiveLimits, policy: Policy) -> Prechecked:
    """Read the bundle and hold it to the rules, as a submission of `hotkey` would be."""
    try:
        bundle = read_bundle(archive, limits)
    except BundleRefused as refused:
        return Prechecked(code_hash="", findings=[(BUNDLE, _refusal(refused))])
    read = examined(bundle)
    compared = _compare(bundle, hotkey, policy) if not read.contract_findings else []
    by_reviewer = {
        Review.Reviewer.CONTRACT: read.contract_findings,
        Review.Reviewer.STATIC: read.static_findings,
        Review.Reviewer.DUPLICATES: compared,
    }
    findings = [(str(reviewer), finding) for reviewer, found in by_reviewer.items() for finding in found]
    return Prechecked(code_hash=bundle.code_hash, findings=findings)


def _compare(bundle: Bundle, hotkey: str, policy: Policy) -> list[Finding]:
    """As a submission of this moment; what cannot be read was told already."""
    unsaved = Submission(hotkey=hotkey, code_hash=bundle.code_hash, created_at=timezone.now())
    return duplicates.compare(unsaved, bundle, policy.duplicate_thresholds, remember=False).findings


def _refusal(refused: BundleRefused) -> Finding:
    return Finding(
        code=refused.code,
        outcome=Outcome.REJECT,
        message=refused.message,
        file=refused.file or "",
        line=refused.line or 0,
    )
