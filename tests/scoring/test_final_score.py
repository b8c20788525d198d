"""The score of a run, against numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.final_score import (
    ScoreImpossible,
    ScoreTerms,
    effective_bpb,
    final_score,
    multiplier,
    penalty,
)

TERMS = ScoreTerms(heldout_epsilon_bpb=0.005, memorization_gap_bpb=1.0, memorization_penalty=0.5)
bpbs = st.floats(min_value=0, max_value=64)
deltas = st.none() | st.floats(min_value=-64, max_value=64)


def test_score_of_a_plain_run_worked_by_hand():
    parts = final_score(3.0, heldout_delta=None, heldout_gap=None, multiplier=1.0, terms=TERMS)
    assert (parts.effective_bpb, parts.penalty, parts.final_score) == (3.0, 1.0, 0.25)


def test_half_of_the_heldout_scale_takes_half_of_epsilon_off():
    assert math.isclose(effective_bpb(3.0, 4.0, 0.005), 2.9975)


@pytest.mark.parametrize(("delta", "expected"), [(None, 2.0), (-3.0, 2.0), (8.0, 1.995), (80.0, 1.995)])
def test_heldout_delta_is_clamped(delta, expected):
    assert math.isclose(effective_bpb(2.0, delta, 0.005), expected)


@pytest.mark.parametrize(("gap", "factor"), [(None, 1.0), (-1.0, 1.0), (1.0, 1.0), (1.0001, 0.5)])
def test_penalty_starts_above_the_gap_of_the_policy(gap, factor):
    assert penalty(gap, TERMS) == factor


@pytest.mark.parametrize(
    ("anomaly", "lifted", "factor"), [(False, False, 1.0), (True, False, 0.0), (True, True, 1.0)]
)
def test_an_anomaly_counts_until_it_is_lifted(anomaly, lifted, factor):
    assert multiplier(anomaly=anomaly, lifted=lifted) == factor


@pytest.mark.parametrize("bpb", [math.nan, math.inf, -0.1])
def test_what_is_no_measurement_has_no_score(bpb):
    with pytest.raises(ScoreImpossible):
        final_score(bpb, heldout_delta=None, heldout_gap=None, multiplier=1.0, terms=TERMS)


@given(bpbs, bpbs, deltas, deltas)
def test_lower_bpb_ranks_higher_beyond_epsilon(low, high, low_delta, high_delta):
    if high - low <= TERMS.heldout_epsilon_bpb + 1e-9:
        return
    better = final_score(low, heldout_delta=low_delta, heldout_gap=None, multiplier=1.0, terms=TERMS)
    worse = final_score(high, heldout_delta=high_delta, heldout_gap=None, multiplier=1.0, terms=TERMS)
    assert better.final_score > worse.final_score


@given(bpbs, deltas)
def test_final_score_lies_between_zero_and_just_above_one(bpb, delta):
    parts = final_score(bpb, heldout_delta=delta, heldout_gap=None, multiplier=1.0, terms=TERMS)
    assert 0 < parts.final_score <= 1 / (1 - TERMS.heldout_epsilon_bpb)
