"""The duplicates review again, from the stored signatures."""

from prism_site.operator.policy.replay.replayed import Budget, Flip, Replayed
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.reviews import DuplicateThresholds
from reviews import ladder
from reviews.duplicates import store
from reviews.duplicates.judge import Match, judge
from reviews.duplicates.neighbours import matches_of
from reviews.ladder import Finding
from reviews.models import Review, SourceSignature

TITLE = "Duplicates reviews"
NO_SIGNATURE = "no signature of its source is stored in the present form"


def duplicates(now: Policy, draft: Policy, budget: Budget) -> Replayed:
    """Who would have been rejected, held or let through as a copy."""
    found = Replayed(title=TITLE, note="Compared with the earlier submissions that are stored today.")
    rows = Review.objects.filter(reviewer=Review.Reviewer.DUPLICATES).order_by("-created_at", "-pk")
    rows = rows.select_related("submission")
    thresholds = now.duplicate_thresholds, draft.duplicate_thresholds
    for row in budget.spend(rows[: budget.last], found, rows.count()):
        matches = _matches(row)
        if matches is None:
            found.skip(NO_SIGNATURE)
        else:
            found.judge(row.created_at, flip_of(row, matches, *thresholds))
    return found


def flip_of(
    row: Review, matches: list[Match], now: DuplicateThresholds, draft: DuplicateThresholds
) -> Flip | None:
    """The difference between both thresholds, if there is one."""
    hotkey = row.submission.hotkey
    before, after = (judge(hotkey, matches, each) for each in (now, draft))
    if outcome(before) == outcome(after):
        return None
    because = ladder.deciding(after) or ladder.deciding(before)
    return Flip(
        submission_id=row.submission_id,
        name=row.submission.name,
        before=outcome(before),
        after=outcome(after),
        detail=because.sentence if because else "",
    )


def outcome(findings: list[Finding]) -> str:
    """What findings come to, by its name."""
    return ladder.worst(findings).name.lower()


def _matches(row: Review) -> list[Match] | None:
    stored = SourceSignature.objects.filter(
        submission_id=row.submission_id, version=store.VERSION, readable=True
    ).first()
    if stored is None:
        return None
    return matches_of(row.submission, store.profile_in(stored))
