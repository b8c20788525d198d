"""Shares and weights."""

import math
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.policy.schemas.rewards import RewardPools
from scoring.ranking import Contender, rank
from scoring.weights import Pools, compute, shares

DEFAULT = Pools(**RewardPools().model_dump())
scores = st.lists(st.floats(min_value=1e-6, max_value=1.0), max_size=40)
splits = st.floats(min_value=0, max_value=1)
pools = st.builds(
    lambda architecture, distribution, decay, top_k: Pools(
        architecture=architecture,
        training=1 - architecture,
        distribution=distribution,
        rank_decay=decay,
        top_k=top_k,
    ),
    splits,
    st.sampled_from(["ranked", "proportional", "winner_take_all"]),
    st.floats(min_value=0.01, max_value=1.0),
    st.integers(1, 64),
)


def field(final_scores):
    return rank(
        Contender(
            submission_id=uuid.UUID(int=number),
            hotkey=f"hotkey {number}",
            final_score=score,
            accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for number, score in enumerate(final_scores)
    )


def test_ranked_shares_halve_from_place_to_place():
    assert compute(field([0.9, 0.5, 0.1]), DEFAULT).weights == {
        "hotkey 0": pytest.approx(4 / 7),
        "hotkey 1": pytest.approx(2 / 7),
        "hotkey 2": pytest.approx(1 / 7),
    }


def test_ranked_pays_the_top_places_only():
    assert len(compute(field([0.5] * 12), DEFAULT).weights) == DEFAULT.top_k


def test_proportional_follows_the_scores():
    given_pools = Pools(**RewardPools(distribution="proportional").model_dump())
    assert shares([0.6, 0.3, 0.1], given_pools) == pytest.approx([0.6, 0.3, 0.1])


def test_winner_takes_all():
    given_pools = Pools(**RewardPools(distribution="winner_take_all").model_dump())
    assert compute(field([0.2, 0.9]), given_pools).weights == {"hotkey 1": 1.0}


def test_nobody_eligible_burns():
    assert compute([], DEFAULT).weights == {}


def test_scores_of_zero_earn_nothing_in_proportion():
    given_pools = Pools(**RewardPools(distribution="proportional").model_dump())
    assert compute(field([0.0, 0.0]), given_pools).weights == {}


@given(scores, pools)
def test_weights_sum_to_one_or_are_empty(final_scores, given_pools):
    weights = compute(field(final_scores), given_pools).weights
    assert not weights if not final_scores else math.isclose(math.fsum(weights.values()), 1, abs_tol=1e-9)
    assert all(math.isfinite(weight) and weight > 0 for weight in weights.values())


@given(scores, pools)
def test_a_better_place_never_earns_less(final_scores, given_pools):
    places = shares(sorted(final_scores, reverse=True), given_pools)
    assert places == sorted(places, reverse=True)


@given(scores, pools)
def test_every_weight_is_explained_by_its_pools(final_scores, given_pools):
    result = compute(field(final_scores), given_pools)
    assert result.weights.keys() == result.explanation.keys()
    for hotkey, lines in result.explanation.items():
        paid = sum(getattr(given_pools, line.pool) * line.share_of_pool for line in lines)
        assert math.isclose(paid, result.weights[hotkey], abs_tol=1e-12)
