"""What the reviews would find in a bundle that nobody has submitted yet; nothing of it is stored."""

from dataclasses import dataclass

from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import read_bundle
from evaluations.intake.refusals import BundleRefused
from prism_site.policy.resolve import Policy
from reviews import ladder
from reviews.ladder import Finding, Outcome
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
    found = examined(bundle)
    findings = [
        *(("contract", finding) for finding in found.contract_findings),
        *(("static", finding) for finding in found.static_findings),
    ]
    return Prechecked(code_hash=bundle.code_hash, findings=findings)


def _refusal(refused: BundleRefused) -> Finding:
    return Finding(
        code=refused.code,
        outcome=Outcome.REJECT,
        message=refused.message,
        file=refused.file or "",
        line=refused.line or 0,
    )
