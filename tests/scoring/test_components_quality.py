"""Weights of a quality: what is unavailable is shared out, and the account adds up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.policy.schemas.measurements import LossComparabilityPolicy
from prism_site.policy.schemas.scores import ArchitectureFormula, ScoreWeights, TrainingFormula
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.quality import Quality, blend, quality

POLICY = LossComparabilityPolicy()
STRICT = LossComparabilityPolicy(allow_redistribution_for_non_main_track=False)
formulas = st.sampled_from([ArchitectureFormula(), TrainingFormula()])
values = st.lists(st.none() | st.floats(0, 1), min_size=7, max_size=7)


def measures(formula, found):
    names = type(formula).model_fields
    return {
        name: missing(Unavailable.NO_PACKS) if value is None else Measure(value=value)
        for name, value in zip(names, found, strict=True)
    }


def test_a_whole_formula_worked_by_hand():
    found = quality(
        measures(ArchitectureFormula(), [0.5, 0.6, 0.4, 0.3, 1.0, 0.9, 0.2]), ArchitectureFormula(), POLICY
    )
    expected = 0.35 * 0.5 + 0.2 * 0.6 + 0.15 * 0.4 + 0.1 * 0.3 + 0.1 * 1.0 + 0.05 * 0.9 + 0.05 * 0.2
    assert math.isclose(found.value, expected)
    assert found.redistributed == 0.0


def test_the_weight_of_what_is_missing_goes_to_the_others_by_their_shares():
    found = quality(
        measures(ArchitectureFormula(), [0.5, None, 1, 1, 1, 1, None]), ArchitectureFormula(), POLICY
    )
    assert [round(line.weight, 12) for line in found.components[:3]] == [
        round(0.35 / 0.75, 12),
        0.0,
        round(0.15 / 0.75, 12),
    ]
    assert math.isclose(found.value, (0.35 * 0.5 + 0.4) / 0.75)
    assert math.isclose(found.redistributed, 0.25)
    assert found.components[1].unavailable is Unavailable.NO_PACKS


def test_where_the_policy_forbids_it_the_weight_is_lost():
    found = quality(
        measures(ArchitectureFormula(), [1, None, 1, 1, 1, 1, None]), ArchitectureFormula(), STRICT
    )
    assert math.isclose(found.value, 0.75)


def test_nothing_measured_is_no_quality():
    found = quality(measures(TrainingFormula(), [None] * 7), TrainingFormula(), POLICY)
    assert found.value is None
    assert math.isclose(found.redistributed, 1.0)


@given(formulas, values)
def test_weights_sum_to_one_and_contributions_to_the_quality(formula, found):
    made = quality(measures(formula, found), formula, POLICY)
    if made.value is None:
        assert found == [None] * 7
        return
    assert math.isclose(math.fsum(line.weight for line in made.components), 1.0, abs_tol=1e-9)
    assert math.isclose(math.fsum(line.contribution for line in made.components), made.value, abs_tol=1e-12)
    assert -1e-12 <= made.value <= 1.0 + 1e-12


@given(formulas, values)
def test_a_quality_lies_between_its_worst_and_its_best_component(formula, found):
    made = quality(measures(formula, found), formula, POLICY)
    known = [value for value in found if value is not None]
    if made.value is not None:
        assert min(known) - 1e-9 <= made.value <= max(known) + 1e-9


def test_measures_of_another_formula_are_refused():
    with pytest.raises(ValueError, match="formula has"):
        quality(measures(TrainingFormula(), [0.5] * 7), ArchitectureFormula(), POLICY)


def test_blend_worked_by_hand():
    def of(value):
        return Quality(value=value, components=())

    assert math.isclose(blend(of(0.6), of(0.4), ScoreWeights()), 0.54)
    assert blend(of(None), of(0.4), ScoreWeights()) is None
    assert blend(of(0.6), of(None), ScoreWeights()) is None
