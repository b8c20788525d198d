"""Shares, pools and weights."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.config import ROOT
from prism_site.policy.schemas.rewards import RewardPools
from scoring.explanations import lines_of, shares_of, why
from scoring.weights import Family, Pools, Variant, Weights, best_of_owners, compute, shares

DEFAULT = Pools(**RewardPools().model_dump())
START = datetime(2026, 1, 1, tzinfo=UTC)


def pools_of(**fields: Any) -> Pools:
    return Pools(**RewardPools(**fields).model_dump())


def family(number: int, score: float, *, owner: str = "", variant: str | None = "same") -> Family:
    """The family `F<number>` of `owner`, by default of a hotkey of its own that holds its variant too."""
    owner = owner or f"hotkey {number}"
    holder = owner if variant == "same" else variant
    trained = Variant(id=f"V{number}", owner_hotkey=holder, submission_id=f"T{number}") if holder else None
    return Family(
        id=f"F{number}",
        owner_hotkey=owner,
        submission_id=f"S{number}",
        best_score=score,
        accepted_at=START + timedelta(minutes=number),
        variant=trained,
    )


def field(scores: Sequence[float]) -> list[Family]:
    return [family(number, score) for number, score in enumerate(scores)]


scores = st.lists(st.floats(min_value=1e-6, max_value=1.0), max_size=40)
pools = st.builds(
    lambda architecture, distribution, decay, top_k: Pools(
        architecture=architecture,
        training=1 - architecture,
        distribution=distribution,
        rank_decay=decay,
        top_k=top_k,
    ),
    st.floats(min_value=0, max_value=1),
    st.sampled_from(["ranked", "proportional", "winner_take_all"]),
    st.floats(min_value=0.01, max_value=1.0),
    st.integers(1, 64),
)
people = st.sampled_from(["alice", "bob", "carol", "dave", "eve"])
numbers = st.floats(min_value=1e-6, max_value=1.0)
fields = st.lists(st.tuples(numbers, people, st.none() | people), max_size=24).map(
    lambda rows: [
        family(number, score, owner=owner, variant=holder)
        for number, (score, owner, holder) in enumerate(rows)
    ]
)


def paid(weights: Weights, pool: str) -> dict[tuple[str, str], float]:
    """What a pool pays, by hotkey and family."""
    return {
        (hotkey, line.family_id): line.weight
        for hotkey, lines in weights.explanation.items()
        for line in lines
        if line.pool == pool
    }


# by hand


def test_ranked_shares_halve_from_place_to_place() -> None:
    assert compute(field([0.9, 0.5, 0.1]), DEFAULT).weights == {
        "hotkey 0": pytest.approx(4 / 7),
        "hotkey 1": pytest.approx(2 / 7),
        "hotkey 2": pytest.approx(1 / 7),
    }


def test_ranked_pays_the_top_places_only() -> None:
    assert len(compute(field([0.5] * 12), DEFAULT).weights) == DEFAULT.top_k


def test_proportional_follows_the_scores() -> None:
    assert shares([0.6, 0.3, 0.1], pools_of(distribution="proportional")) == pytest.approx([0.6, 0.3, 0.1])


def test_winner_takes_all() -> None:
    assert compute(field([0.2, 0.9]), pools_of(distribution="winner_take_all")).weights == {"hotkey 1": 1.0}


def test_nobody_eligible_burns() -> None:
    assert compute([], DEFAULT) == Weights({}, {})


def test_scores_of_zero_earn_nothing_in_proportion() -> None:
    assert compute(field([0.0, 0.0]), pools_of(distribution="proportional")).weights == {}


def test_owner_and_holder_of_the_variant_are_paid_from_different_pools() -> None:
    families = [family(1, 0.4, owner="alice", variant="bob"), family(2, 0.3, owner="carol", variant="alice")]
    weights = compute(families, DEFAULT)
    assert weights.weights == {
        "alice": pytest.approx(0.6 * 2 / 3 + 0.4 * 1 / 3),
        "bob": pytest.approx(0.4 * 2 / 3),
        "carol": pytest.approx(0.6 * 1 / 3),
    }
    assert [(line.pool, line.family_id, line.submission_id) for line in weights.explanation["alice"]] == [
        ("architecture", "F1", "S1"),
        ("training", "F2", "T2"),
    ]


def test_a_family_without_a_variant_gives_its_share_back() -> None:
    families = [
        family(1, 0.4, owner="alice", variant=None),
        family(2, 0.3, owner="bob"),
        family(3, 0.2, owner="carol"),
    ]
    weights = compute(families, DEFAULT)
    assert weights.weights == {
        "alice": pytest.approx(0.6 * 4 / 7),
        "bob": pytest.approx(0.6 * 2 / 7 + 0.4 * 2 / 3),
        "carol": pytest.approx(0.6 * 1 / 7 + 0.4 * 1 / 3),
    }
    training = weights.explanation["bob"][1]
    assert (training.share_of_pool, training.given_back) == pytest.approx((2 / 3, 2 / 3 - 2 / 7))
    assert why(training) == (
        "holds the current-best training of the family of rank 2: 66.67% of the training pool, "
        "38.10% of it given back by families without a variant"
    )


def test_the_example_of_the_documentation_is_computed_as_it_says() -> None:
    families = [
        family(1, 0.4, owner="Alice", variant=None),
        family(2, 0.3, owner="Bob"),
        family(3, 0.2, owner="Carol"),
    ]
    told = (ROOT / "docs" / "weights.md").read_text()
    weights = compute(families, DEFAULT).weights
    assert ", ".join(f"{hotkey} {weight:.6f}" for hotkey, weight in weights.items()) + "." in told


def test_without_any_variant_the_training_pool_follows_the_architectures() -> None:
    families = [family(1, 0.4, owner="alice", variant=None), family(2, 0.3, owner="bob", variant=None)]
    weights = compute(families, DEFAULT)
    assert weights.weights == {"alice": pytest.approx(2 / 3), "bob": pytest.approx(1 / 3)}
    assert [line.reason for line in weights.explanation["bob"]] == ["family_owner", "no_variants"]


def test_a_variant_of_a_family_that_is_not_paid_earns_nothing() -> None:
    families = [family(1, 0.4, owner="alice", variant=None), family(2, 0.3, owner="bob", variant="carol")]
    assert compute(families, pools_of(distribution="winner_take_all")).weights == {
        "alice": pytest.approx(1.0)
    }


def test_shares_of_one_hotkey_add_up() -> None:
    families = [family(1, 0.4, owner="alice"), family(2, 0.3, owner="bob", variant="alice")]
    assert compute(families, DEFAULT).weights == {
        "alice": pytest.approx(0.6 * 2 / 3 + 0.4),
        "bob": pytest.approx(0.6 * 1 / 3),
    }


def test_of_the_families_of_one_owner_the_best_has_a_place() -> None:
    families = [family(1, 0.4, owner="alice"), family(2, 0.3, owner="alice", variant="bob"), family(3, 0.2)]
    assert compute(families, DEFAULT).weights == {
        "alice": pytest.approx(2 / 3),
        "hotkey 3": pytest.approx(1 / 3),
    }


def test_of_equal_scores_the_earlier_discovery_ranks_first() -> None:
    later, earlier = family(5, 0.4, owner="late"), family(4, 0.4, owner="early")
    assert compute([later, earlier], pools_of(distribution="winner_take_all")).weights == {"early": 1.0}


def test_the_families_read_are_as_many_as_are_paid() -> None:
    assert (pools_of().places, pools_of(distribution="winner_take_all").places) == (8, 1)
    assert pools_of(distribution="proportional").places is None


# for all inputs


@given(fields, pools)
def test_weights_sum_to_one_or_are_empty(families: list[Family], given_pools: Pools) -> None:
    weights = compute(families, given_pools).weights
    assert not weights if not families else math.isclose(math.fsum(weights.values()), 1, abs_tol=1e-9)
    assert all(math.isfinite(weight) and weight > 0 for weight in weights.values())


@given(fields, pools, st.randoms(use_true_random=False))
def test_the_order_of_the_families_changes_nothing(
    families: list[Family], given_pools: Pools, chance: random.Random
) -> None:
    assert compute(chance.sample(families, len(families)), given_pools) == compute(families, given_pools)


@given(fields, pools)
def test_equal_families_give_equal_weights(families: list[Family], given_pools: Pools) -> None:
    copies = [replace(one, variant=replace(one.variant) if one.variant else None) for one in families]
    first, second = compute(families, given_pools), compute(copies, given_pools)
    assert list(first.weights.items()) == list(second.weights.items())


@given(fields, pools, st.lists(st.none() | people, min_size=24, max_size=24))
def test_no_variant_redirects_an_owners_pool(
    families: list[Family], given_pools: Pools, holders: list[str | None]
) -> None:
    others = [
        replace(one, variant=Variant(id="V", owner_hotkey=holder, submission_id="T") if holder else None)
        for one, holder in zip(families, holders, strict=False)
    ]
    before, after = compute(families, given_pools), compute(others, given_pools)
    assert paid(before, "architecture") == paid(after, "architecture")


@given(fields.filter(bool), pools, st.integers(0, 23), st.floats(min_value=0.0, max_value=1.0))
def test_a_hotkeys_second_best_family_changes_nothing(
    families: list[Family], given_pools: Pools, place: int, part: float
) -> None:
    best = best_of_owners(families)[place % len(best_of_owners(families))]
    second = replace(best, id="second", best_score=best.best_score * part, accepted_at=best.accepted_at)
    late = replace(second, accepted_at=best.accepted_at + timedelta(days=1000))
    assert compute([*families, late], given_pools) == compute(families, given_pools)


@given(fields, pools)
def test_every_weight_is_explained_by_its_pools(families: list[Family], given_pools: Pools) -> None:
    result = compute(families, given_pools)
    assert result.weights.keys() == result.explanation.keys()
    for hotkey, lines in result.explanation.items():
        by_pool = sum(getattr(given_pools, line.pool) * line.share_of_pool for line in lines)
        assert math.isclose(by_pool, result.weights[hotkey], abs_tol=1e-9)
        assert math.isclose(sum(line.weight for line in lines), result.weights[hotkey], abs_tol=1e-12)
        assert all(why(line) and 0 <= line.given_back <= line.share_of_pool for line in lines)


@given(fields, pools)
def test_an_explanation_is_read_back_as_it_was_stored(families: list[Family], given_pools: Pools) -> None:
    result = compute(families, given_pools)
    stored = lines_of(result)
    assert {hotkey: shares_of(lines) for hotkey, lines in stored.items()} == result.explanation


@given(scores, pools)
def test_a_better_place_never_earns_less(final_scores: list[float], given_pools: Pools) -> None:
    places = shares(sorted(final_scores, reverse=True), given_pools)
    assert places == sorted(places, reverse=True)
