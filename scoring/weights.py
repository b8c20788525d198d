"""From families and their variants to the share of every hotkey: pure, and summing to one.

The architecture pool goes to the owners of families, the training pool to the owners of their current-best
variants, both by the same shares of the families. A family without a variant gives its part of the training
pool back to those that have one; where none has, the training pool goes to the owners of the families. Of the
families of one owner the best has a place: a hotkey's second best changes nothing.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Distribution = Literal["ranked", "proportional", "winner_take_all"]
Pool = Literal["architecture", "training"]
Reason = Literal["family_owner", "current_best", "no_variants"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The current-best training code of a family; `submission_id` is where it came from."""

    id: str
    owner_hotkey: str
    submission_id: str


@dataclass(frozen=True, kw_only=True)
class Family:
    """Architectures with one graph, as far as weights depend on them.

    `best_score` is the `final_score` of the canonical submission, which may be another hotkey's than the
    owner's; `accepted_at` is when the family was discovered.
    """

    id: str
    owner_hotkey: str
    submission_id: str
    best_score: float
    accepted_at: datetime
    variant: Variant | None


@dataclass(frozen=True, kw_only=True)
class Pools:
    """How the reward is divided (`reward_pools`); the two pools sum to 1."""

    architecture: float
    training: float
    distribution: Distribution
    rank_decay: float
    top_k: int

    @property
    def places(self) -> int | None:
        """How many families are paid at most; None where all are."""
        return {"ranked": self.top_k, "proportional": None, "winner_take_all": 1}[self.distribution]


@dataclass(frozen=True, kw_only=True)
class Share:
    """Why a hotkey has a part of its weight: one line of its explanation."""

    pool: Pool
    reason: Reason
    family_id: str
    rank: int  # of the family
    share_of_pool: float
    given_back: float  # the part of `share_of_pool` that families without a variant gave back
    weight: float
    submission_id: str
    final_score: float  # of the family


@dataclass(frozen=True)
class Weights:
    """Weights by hotkey, which sum to 1 or are empty (burn), and the explanation of each."""

    weights: dict[str, float]
    explanation: dict[str, list[Share]]


def best_of_owners(families: Iterable[Family]) -> list[Family]:
    """In rank order, of each owner the best: who discovers many families is paid for one."""
    best: dict[str, Family] = {}
    for family in sorted(families, key=_rank_key):
        best.setdefault(family.owner_hotkey, family)
    return list(best.values())


def shares(best_scores: Sequence[float], pools: Pools) -> list[float]:
    """The share of each place; `best_scores` are in rank order and the shares sum to 1 within 1e-9."""
    raw = _raw_shares(best_scores, pools)
    total = math.fsum(raw)
    return [share / total for share in raw] if total > 0 else []


def compute(families: Iterable[Family], pools: Pools) -> Weights:
    """Weights of eligible families, in whatever order they come; `{}` where there is none."""
    explanation: dict[str, list[Share]] = {}
    for owner, share in _paid(best_of_owners(families), pools):
        if share.weight > 0:
            explanation.setdefault(owner, []).append(share)
    weights = {owner: math.fsum(share.weight for share in lines) for owner, lines in explanation.items()}
    return Weights(weights, explanation)


def _rank_key(family: Family) -> tuple[float, datetime, str]:
    return (-family.best_score, family.accepted_at, family.id)


def _raw_shares(best_scores: Sequence[float], pools: Pools) -> list[float]:
    match pools.distribution:
        case "ranked":
            return [pools.rank_decay**place for place in range(min(pools.top_k, len(best_scores)))]
        case "proportional":
            return list(best_scores)
        case "winner_take_all":
            return [1.0] if best_scores else []


def _paid(ranked: Sequence[Family], pools: Pools) -> Iterator[tuple[str, Share]]:
    """What each pool pays to whom, family by family."""
    placed = list(
        zip(ranked, shares([family.best_score for family in ranked], pools), strict=False)
    )  # the last families may have no place
    kept = _kept(placed)
    for number, (family, share) in enumerate(placed, start=1):
        yield family.owner_hotkey, _share(family, number, "architecture", pools, share)
        if kept == 0:
            yield family.owner_hotkey, _share(family, number, "training", pools, share)
        elif family.variant is not None:
            grown = share / kept
            yield family.variant.owner_hotkey, _share(family, number, "training", pools, grown, grown - share)


def _kept(placed: Sequence[tuple[Family, float]]) -> float:
    """How much of the training pool stays with its own families; exactly 1 where none gives back."""
    keeping = [share for family, share in placed if family.variant is not None]
    return 1.0 if len(keeping) == len(placed) else math.fsum(keeping)


def _share(
    family: Family, rank: int, pool: Pool, pools: Pools, share_of_pool: float, given_back: float = 0.0
) -> Share:
    variant = family.variant if pool == "training" else None
    size = pools.architecture if pool == "architecture" else pools.training
    return Share(
        pool=pool,
        reason=_reason(pool, variant),
        family_id=family.id,
        rank=rank,
        share_of_pool=share_of_pool,
        given_back=given_back,
        weight=share_of_pool * size / (pools.architecture + pools.training),
        submission_id=variant.submission_id if variant else family.submission_id,
        final_score=family.best_score,
    )


def _reason(pool: Pool, variant: Variant | None) -> Reason:
    if pool == "architecture":
        return "family_owner"
    return "current_best" if variant else "no_variants"
