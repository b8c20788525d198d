"""The duplicates review: is this submission somebody's earlier work?"""

from dataclasses import dataclass

from evaluations.intake.bundle import Bundle
from evaluations.models import Submission
from prism_site.policy.schemas.reviews import DuplicateThresholds
from reviews.duplicates import store
from reviews.duplicates.judge import CATEGORY, judge
from reviews.duplicates.neighbours import Neighbour, matches_of
from reviews.duplicates.normalise import SourceUnreadable
from reviews.duplicates.profile import Profile
from reviews.ladder import Finding, Outcome

SHOWN = 10


@dataclass(frozen=True)
class Compared:
    """What the comparison comes to, and the nearest earlier submissions as evidence."""

    findings: list[Finding]
    neighbours: list[Neighbour]


def compare(
    submission: Submission, bundle: Bundle, thresholds: DuplicateThresholds, *, remember: bool = True
) -> Compared:
    """Compare a submission with everything accepted before it, and store its signature.

    With `remember=False` nothing is stored, and the submission needs no row: a pre-check has only a hotkey,
    a code hash and the present time.
    """
    try:
        profile = _remembered(submission, bundle) if remember else store.profile_of(bundle)
    except SourceUnreadable as error:
        return Compared([_unreadable(error)], [])
    matches = matches_of(submission, profile)
    findings = judge(submission.hotkey, matches, thresholds)
    return Compared(findings, [Neighbour.of(match) for match in matches[:SHOWN]])


def _remembered(submission: Submission, bundle: Bundle) -> Profile:
    """The profile that is stored from now on, after those of all earlier submissions."""
    store.remember_earlier(submission)
    row = store.remember(submission, bundle)
    if not row.readable:
        raise SourceUnreadable(f"the source of {submission.pk} could not be normalised")
    return store.profile_in(row)


def _unreadable(error: SourceUnreadable) -> Finding:
    return Finding(
        code=error.code,
        outcome=Outcome.HOLD,
        message="The source could not be compared within the limits: an operator looks at it.",
        category=CATEGORY,
    )
