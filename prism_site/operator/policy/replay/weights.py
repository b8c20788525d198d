"""The weights of this moment under the draft: at once, and as if all had been judged by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from evaluations.enums import Mode
from prism_site.operator.policy.replay.replayed import Budget
from prism_site.operator.policy.replay.scores import rescored_all
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring import paid_families
from scoring.comparisons import compare
from scoring.effects import Change, changes
from scoring.folding import Member, fold
from scoring.gathering import members_of
from scoring.models import Family
from scoring.paired import Verdict
from scoring.payout import payout, weighed_mode
from scoring.weights import Family as Paid
from scoring.weights import Pools, compute

MOST_FAMILIES = 100
MOST_MEMBERS = 200  # of a family: a larger one is left as it is
FOLDED = {"score_weights", "loss_comparability_policy"}  # keys that a family depends on


@dataclass(frozen=True, kw_only=True)
class AsIf:
    """The weights had every score and every comparison been made under the draft."""

    changes: list[Change]
    families: int  # made anew from their members
    kept: int  # left as they are: beyond the count, the size or the time


@dataclass(frozen=True, kw_only=True)
class WeightEffect:
    """How weights would move: `at_once` by the next reading, and as if it had always been so."""

    mode: Mode
    hotkeys: int  # that earn now
    official_before: bool  # whether the weights leave the house
    official_after: bool
    at_once: list[Change]
    as_if: AsIf | None  # none where the draft touches no score and no comparison


def weights(now: Policy, draft: Policy, keys: Sequence[str], budget: Budget) -> WeightEffect:
    """Both effects on the mode whose weights an epoch ends with."""
    mode = weighed_mode()
    before, after = (payout(mode, policy=policy) for policy in (now, draft))
    return WeightEffect(
        mode=mode,
        hotkeys=len(before.weights.weights),
        official_before=before.official,
        official_after=after.official,
        at_once=changes(before.weights.weights, after.weights.weights),
        as_if=as_if(mode, now, draft, budget) if FOLDED.intersection(keys) else None,
    )


def as_if(mode: Mode, now: Policy, draft: Policy, budget: Budget) -> AsIf:
    """Every family folded under both policies, so that what differs is the draft's doing."""
    standing = paid_families.standing(mode)
    before: list[Paid] = []
    after: list[Paid] = []
    folded = 0
    for row in standing[:MOST_FAMILIES]:
        if budget.is_spent or row.members > MOST_MEMBERS:
            one = other = paid_families.value_of(row)
        else:
            one, other = _folded(row, now), _folded(row, draft)
            folded += 1
        before.append(one)
        after.append(other)
    found = changes(_paid(before, now), _paid(after, draft))
    return AsIf(changes=found, families=folded, kept=standing.count() - folded)


def _paid(families: list[Paid], policy: Policy) -> dict[str, float]:
    return compute(families, Pools(**policy.reward_pools.model_dump())).weights


def _folded(row: Family, policy: Policy) -> Paid:
    """A family as weights depend on it, made anew from its members."""
    standing = members_of(row.pk)
    scores = rescored_all((member.submission_id for member in standing), policy)
    state = fold(with_scores(standing, scores), Beats(policy.score_weights.improvement_thresholds))
    if state is None:
        return paid_families.value_of(row)
    return paid_families.value_of_state(str(row.pk), state, paid_families.variant_ids(str(row.pk)))


def with_scores(members: Sequence[Member], scores: Mapping[UUID, float]) -> list[Member]:
    """Members with other final scores."""
    return [
        replace(member, final_score=scores.get(member.submission_id, member.final_score))
        for member in members
    ]


@dataclass(frozen=True)
class Beats:
    """The paired test under given thresholds; what was answered before does not count."""

    thresholds: ImprovementThresholds

    def __call__(self, candidate: Member, best: Member) -> bool:
        """Whether `candidate`, accepted later, takes the place of `best`."""
        answer = compare(best.submission_id, candidate.submission_id, self.thresholds)
        return answer.verdict is Verdict.BETTER
