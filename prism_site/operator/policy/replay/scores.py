"""Scores again, from the manifests of their runs."""

from collections.abc import Iterable
from uuid import UUID

from prism_site.operator.policy.replay.replayed import Budget, Flip, Replayed
from prism_site.policy.resolve import Policy
from scoring.actions import parts_of
from scoring.comparisons import manifests
from scoring.models import Score
from scoring.seeds import over_seeds

TITLE = "Scores"
NO_MANIFEST = "no manifest of its runs is stored"
NOTE = "Stored scores stand: only new ones are made under the draft."


def scores(now: Policy, draft: Policy, budget: Budget) -> Replayed:
    """Whose final score would be another."""
    found = Replayed(title=TITLE, note=NOTE)
    rows = Score.objects.select_related("submission").order_by("-computed_at", "-pk")
    for row in budget.spend(rows[: budget.last], found, rows.count()):
        before, after = (rescored(row, policy) for policy in (now, draft))
        if before is None or after is None:
            found.skip(NO_MANIFEST)
            continue
        flip = Flip(
            submission_id=row.pk, name=row.submission.name, before=f"{before:.6f}", after=f"{after:.6f}"
        )
        found.judge(row.computed_at, flip if before != after else None)
    return found


def rescored(row: Score, policy: Policy) -> float | None:
    """The final score under a policy with the multiplier that the score has; none without its manifests."""
    runs = manifests(row.pk)
    if not runs:
        return None
    return parts_of(over_seeds(runs), policy, multiplier=row.multiplier).final_score


def rescored_all(ids: Iterable[UUID], policy: Policy) -> dict[UUID, float]:
    """The final scores of submissions under a policy; one without its manifests is absent."""
    found = {row.pk: rescored(row, policy) for row in Score.objects.filter(pk__in=list(ids))}
    return {submission_id: value for submission_id, value in found.items() if value is not None}
