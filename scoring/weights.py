"""From ranked scores to the share of every hotkey: pure, and summing to one.

The architecture pool and the training pool both follow the ranked scores here: ownership of families and
variants, which will steer the two pools apart, is not part of this module yet.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.ranking import Contender

Distribution = Literal["ranked", "proportional", "winner_take_all"]


@dataclass(frozen=True, kw_only=True)
class Pools:
    """How the reward is divided (`reward_pools`); the two pools sum to 1."""

    architecture: float
    training: float
    distribution: Distribution
    rank_decay: float
    top_k: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """Why a hotkey has its weight: one line of its explanation."""

    pool: Literal["architecture", "training"]
    rank: int
    share_of_pool: float
    submission_id: str
    final_score: float


@dataclass(frozen=True)
class Weights:
    """Weights by hotkey, which sum to 1 or are empty (burn), and the explanation of each."""

    weights: dict[str, float]
    explanation: dict[str, list[Share]]


def shares(final_scores: Sequence[float], pools: Pools) -> list[float]:
    """The share of each place; `final_scores` are in rank order and the shares sum to 1 within 1e-9."""
    raw = _raw_shares(final_scores, pools)
    total = math.fsum(raw)
    return [share / total for share in raw] if total > 0 else []


def _raw_shares(final_scores: Sequence[float], pools: Pools) -> list[float]:
    match pools.distribution:
        case "ranked":
            return [pools.rank_decay**place for place in range(min(pools.top_k, len(final_scores)))]
        case "proportional":
            return list(final_scores)
        case "winner_take_all":
            return [1.0] if final_scores else []


def compute(ranked: Sequence[Contender], pools: Pools) -> Weights:
    """Weights of eligible contenders in rank order, one per hotkey; `{}` when nobody is eligible."""
    places = shares([contender.final_score for contender in ranked], pools)
    weights: dict[str, float] = {}
    explanation: dict[str, list[Share]] = {}
    for number, (contender, share) in enumerate(zip(ranked, places, strict=False), start=1):
        if share <= 0:
            continue
        weights[contender.hotkey] = share * (pools.architecture + pools.training)
        explanation[contender.hotkey] = _explain(contender, number, share)
    return Weights(weights, explanation)


def _explain(contender: Contender, rank: int, share: float) -> list[Share]:
    return [
        Share(
            pool=pool,
            rank=rank,
            share_of_pool=share,
            submission_id=str(contender.submission_id),
            final_score=contender.final_score,
        )
        for pool in ("architecture", "training")
    ]
