"""Each component against a hand calculation, and what is true of all of them."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from prism_site.policy.schemas.measurements import DiagnosticsThresholds
from prism_site.policy.schemas.scores import ArchitectureFormula, TrainingFormula
from scoring.components import architecture, training
from scoring.components.component import SENTENCES, Component, Measure, Unavailable, missing
from scoring.components.health import diagnostics_health
from scoring.components.relative import relative
from scoring.components.sanity import benchmark_sanity
from scoring.components.sides import Side
from scoring.components.stability import (
    FEWEST_CHUNKS,
    chunk_bpb,
    rises_and_descent,
    robustness_stability,
    smoothed,
    step_noise,
)
from tests.scoring.run_manifests import manifest

THRESHOLDS, PACKS = DiagnosticsThresholds(), BenchmarkWeights()
FALLING = [6_000.0, 5_000.0, 4_000.0, 3_000.0]
HEALTHY = {
    "gradient_noise": 2.0,
    "activation_max": 10.0,
    "representation_rank": 20.0,
    "representation_directions": 32,
    "nonfinite_activations": 0,
    "nonfinite_gradients": 0,
}
sizes = st.floats(min_value=1e-6, max_value=1e9)
bits = st.lists(st.floats(1.0, 1e5), min_size=1, max_size=40)


def side(*runs, name="reference"):
    return Side(name, runs)


def one(**sections):
    return side(manifest(FALLING, **sections))


@pytest.mark.parametrize(
    ("base", "value", "k", "expected"),
    [(2.0, 2.0, 10, 0.5), (2.0, 1.0, 1, 2 / 3), (2.0, 0.0, 1, 1.0), (1.0, 0.95, 10, 1 / (1 + 0.95**10))],
)
def test_relative_worked_by_hand(base, value, k, expected):
    assert math.isclose(relative(base, value, k), expected)


def test_five_and_ten_percent_less_than_the_yardstick():
    assert round(relative(1.0, 0.95), 2) == 0.63
    assert round(relative(1.0, 0.90), 2) == 0.74


@given(sizes, sizes, sizes, st.sampled_from([1.0, 10.0]))
def test_relative_falls_and_stays_a_share(base, value, more, k):
    assert 0.0 <= relative(base, value + more, k) <= relative(base, value, k) <= 1.0


@pytest.mark.parametrize(("base", "value"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -0.1)])
def test_relative_of_what_is_no_size_is_refused(base, value):
    with pytest.raises(ValueError, match="no ratio"):
        relative(base, value)


def test_learning_without_a_ladder_is_the_gain_alone():
    found = architecture.learning_scaling_dynamics(one(), side(manifest([5_000] * 4), name="baseline"), None)
    assert math.isclose(found.value, 1 / (1 + (4.5 / 5.0) ** 10))
    assert found.sources == {"baseline.score.bpb": 5.0, "reference.score.bpb": 4.5}


def test_a_ladder_takes_four_tenths():
    found = architecture.learning_scaling_dynamics(one(), one(), 0.9)
    assert math.isclose(found.value, 0.6 * 0.5 + 0.4 * 0.9)
    assert found.sources["ladder.coherence"] == 0.9


def test_code_lengths_of_different_texts_are_not_compared():
    other = side(manifest(FALLING, stream_sha256="cd" * 32))
    assert architecture.learning_scaling_dynamics(one(), other, None).unavailable is Unavailable.OTHER_TEXT
    assert training.learning_stability_dynamics(one(), other).unavailable is Unavailable.OTHER_TEXT


def test_figures_are_means_over_seeds():
    runs = side(manifest(FALLING, heldout={"bpb": 2.0}), manifest(FALLING, seed=2, heldout={"bpb": 3.0}))
    assert runs.mean("heldout", "bpb") == 2.5


@pytest.mark.parametrize("heldout", [None, {"bpb": None}])
def test_a_figure_that_one_seed_lacks_is_not_averaged_over_the_others(heldout):
    runs = side(manifest(FALLING), manifest(FALLING, seed=2) | {"heldout": heldout})
    assert runs.mean("heldout", "bpb") is None


@pytest.mark.parametrize("value", ["2.0", True, [1], -1.0])
def test_what_is_no_number_counts_as_absent(value):
    assert one(heldout={"bpb": value}).mean("heldout", "bpb") is None


def test_bytes_are_tokens_where_the_tokenizer_says_so():
    assert architecture.flops_per_byte(one()) == 2_000.0


def test_other_tokenizers_need_a_count():
    counted = one(integrity={"tokenizer": "gpt2"}, score={"tokens": 1_000})
    assert architecture.flops_per_byte(counted) == 2_000.0 * 1_000 / 4_000
    assert architecture.flops_per_byte(one(integrity={"tokenizer": "gpt2"})) is None
    found = architecture.compute_efficiency(one(integrity={"tokenizer": "gpt2"}), one())
    assert found.unavailable is Unavailable.NO_TOKEN_COUNT


def test_half_the_flops_give_two_thirds():
    found = architecture.compute_efficiency(one(model={"flops_per_token": 1_000.0}), one())
    assert math.isclose(found.value, 2 / 3)


def test_a_yardstick_of_zero_is_none():
    found = architecture.compute_efficiency(one(), one(model={"flops_per_token": 0.0}))
    assert found.unavailable is Unavailable.NO_YARDSTICK


def test_a_healthy_look_passes_every_check():
    found = diagnostics_health(one(diagnostics=[HEALTHY] * 2), THRESHOLDS)
    assert (found.value, found.sources["reference.diagnostics.checks"]) == (1.0, 8.0)


@pytest.mark.parametrize(
    "fault",
    [
        {"gradient_noise": 10.5},
        {"activation_max": 30.5},  # the median of the three is 10
        {"representation_rank": 1.0},  # 31 of 32 directions carry nothing
        {"nonfinite_gradients": 1},
    ],
)
def test_each_limit_is_one_check(fault):
    found = diagnostics_health(one(diagnostics=[HEALTHY, HEALTHY, HEALTHY | fault]), THRESHOLDS)
    assert math.isclose(found.value, 11 / 12)


def test_a_figure_that_was_not_measured_is_no_check():
    found = diagnostics_health(one(diagnostics=[HEALTHY | {"gradient_noise": None}]), THRESHOLDS)
    assert found.sources["reference.diagnostics.checks"] == 3.0


def test_a_look_that_failed_fails_all_of_its_checks():
    found = diagnostics_health(one(diagnostics=[HEALTHY, {"error": "raised"}]), THRESHOLDS)
    assert found.value == 0.5


def test_no_looks_are_no_bill_of_health():
    assert diagnostics_health(one(), THRESHOLDS).unavailable is Unavailable.NO_DIAGNOSTICS


def test_a_falling_curve_is_steady():
    assert robustness_stability(one()).value == 1.0


def test_smoothing_and_noise_worked_by_hand():
    assert smoothed([1_000, 3_000, 4_000], [4_000.0, 8_000.0, 9_000.0], 2) == [8_000 / 3_000, 5_000 / 3_000]
    # bends of 8, 5, 4, 6: |5 - 6| = 1, |4 - 5.5| = 1.5; median 1.25
    expected = 2 * math.sqrt(2) * 1.4826 * 1.25 / math.sqrt(1.5) / 2
    assert math.isclose(step_noise([8.0, 5.0, 4.0, 6.0], 2), expected)


def test_rises_count_beyond_noise():
    """A straight fall and a straight rise bend once: the noise is 0 and every rise counts."""
    curve = manifest([9_000, 8_000, 7_000, 6_000, 5_000, 4_000, 5_000, 6_000, 7_000])["curve"]
    rises, descent = rises_and_descent(curve)
    # windows of 3: 8, 7, 6, 5, 14/3, 5, 6
    assert math.isclose(rises, 6 - 14 / 3)
    assert math.isclose(descent, 8 - 14 / 3)
    found = robustness_stability(side({"curve": curve}))
    assert math.isclose(found.value, 1 - (6 - 14 / 3) / (8 - 14 / 3))


def test_a_curve_that_only_rises_is_worth_nothing():
    assert robustness_stability(side(manifest([1_000, 2_000, 3_000, 4_000]))).value == 0.0


@given(bits)
def test_steadiness_is_a_share(chunk_bits):
    found = robustness_stability(side(manifest(chunk_bits)))
    assert (found.value is None) == (len(chunk_bits) < FEWEST_CHUNKS)
    assert found.value is None or 0.0 <= found.value <= 1.0


@given(bits)
def test_chunks_are_read_back_from_the_curve(chunk_bits):
    curve = manifest(chunk_bits)["curve"]
    assert chunk_bpb(curve) == pytest.approx(curve["bpb"], abs=1e-6)


def test_packs_are_weighted_among_those_that_were_measured():
    packs = {"mmlu": {"bpb": 2.0, "bpb_init": 8.0}, "gsm8k": {"bpb": 4.0, "bpb_init": 8.0}}
    found = benchmark_sanity(one(heldout={"benchmarks": packs}), PACKS)
    assert math.isclose(found.value, (0.20 * 0.75 + 0.15 * 0.5) / 0.35)


@pytest.mark.parametrize(("bpb", "bpb_init", "expected"), [(9.0, 8.0, 0.0), (0.0, 8.0, 1.0), (1.0, 0.0, 0.0)])
def test_a_gain_on_a_pack_is_a_share(bpb, bpb_init, expected):
    packs = {"needle": {"bpb": bpb, "bpb_init": bpb_init}}
    assert benchmark_sanity(one(heldout={"benchmarks": packs}), PACKS).value == expected


@pytest.mark.parametrize(
    "packs", [{}, {"unheard_of": {"bpb": 1.0, "bpb_init": 8.0}}, {"mmlu": {"bpb": "low", "bpb_init": 8.0}}]
)
def test_without_a_known_pack_there_is_no_sanity(packs):
    assert benchmark_sanity(one(heldout={"benchmarks": packs}), PACKS).unavailable is Unavailable.NO_PACKS


def test_half_of_learning_is_the_gain_and_half_its_steadiness():
    found = training.learning_stability_dynamics(one(), one())
    assert found.value == 0.5 * 0.5 + 0.5 * 1.0


def test_a_plain_step_costs_three_forwards():
    timed = one(training={"learner_seconds": 60.0, "forward_seconds": 10.0})
    assert math.isclose(training.compute_efficiency(timed).value, 1 / (1 + 60 / 30))
    two_ranks = one(training={"learner_seconds": 30.0, "forward_seconds": 10.0}, run={"world_size": 2})
    assert math.isclose(training.compute_efficiency(two_ranks).value, 1 / (1 + 60 / 30))
    assert training.compute_efficiency(one()).unavailable is Unavailable.NO_TIMES


def test_spread_over_seeds_worked_by_hand():
    runs = side(manifest([3_000] * 4), manifest([3_020] * 4, seed=2), manifest([3_040] * 4, seed=3))
    found = training.reproducibility_stability(runs)
    assert math.isclose(found.value, math.exp(-statistics.stdev([3.0, 3.02, 3.04]) / 0.01))
    assert training.reproducibility_stability(one()).unavailable is Unavailable.ONE_SEED


@pytest.mark.parametrize(
    ("sections", "attempts", "fault"),
    [
        ({"score": {"nonfinite": 1}}, 1, "nan_windows"),
        ({"diagnostics": [HEALTHY | {"nonfinite_activations": 3}]}, 1, "nan_windows"),
        ({"training": {"stopped_reason": "wall_clock"}}, 1, "watchdog_stop"),
        ({}, 2, "retry"),
        ({"diagnostics": [{"error": "raised"}]}, 1, "hook_error"),
    ],
)
def test_each_kind_of_fault_costs_a_quarter(sections, attempts, fault):
    found = training.robustness_failure_behavior(one(**sections), attempts)
    assert found.value == 0.75
    assert [name for name, seen in found.sources.items() if seen] == [f"reference.faults.{fault}"]


def test_every_fault_together_leaves_nothing():
    bad = one(
        score={"nonfinite": 1}, training={"stopped_reason": "wall_clock"}, diagnostics=[{"error": "raised"}]
    )
    assert training.robustness_failure_behavior(bad, 3).value == 0.0


def test_artifacts_are_counted():
    found = training.artifact_completeness(one(), {"curve.npz", "prism_run_manifest.v2.json", "notes.txt"})
    assert math.isclose(found.value, 2 / 3)
    assert training.artifact_completeness(one(), None).unavailable is Unavailable.UNKNOWN_ARTIFACTS


def test_the_measures_are_those_of_the_formulas():
    of_architecture = architecture.architecture_measures(one(), one(), packs=PACKS, thresholds=THRESHOLDS)
    of_training = training.training_measures(one(), one(), packs=PACKS, attempts=1, artifacts=None)
    assert list(of_architecture) == list(ArchitectureFormula.model_fields)
    assert of_training.keys() == TrainingFormula.model_fields.keys()


def test_a_run_against_itself_stands_in_the_middle():
    found = architecture.architecture_measures(one(), one(), packs=PACKS, thresholds=THRESHOLDS)
    compared = (
        "learning_scaling_dynamics",
        "standardized_lm_quality",
        "compute_efficiency",
        "parameter_efficiency",
    )
    assert {found[name].value for name in compared} == {0.5}


@given(st.floats(1e3, 9e3), st.floats(0.0, 1e3))
def test_a_shorter_code_is_never_worth_less(size, less):
    base = side(manifest([5_000] * 4), name="baseline")
    values = [
        architecture.learning_scaling_dynamics(side(manifest([each] * 4)), base, None).value
        for each in (size, size - less)
    ]
    assert values[1] >= values[0]


@pytest.mark.parametrize("reason", Unavailable)
def test_every_reason_has_a_sentence(reason):
    assert SENTENCES[reason].endswith(".")
    assert missing(reason).value is None


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_measure_outside_the_unit_interval_is_refused(value):
    with pytest.raises(ValueError, match="outside"):
        Measure(value=value)


def test_a_measure_has_a_value_or_a_reason():
    for value, reason in ((None, None), (0.5, Unavailable.NO_PACKS)):
        with pytest.raises(ValueError, match="not both"):
            Measure(value=value, unavailable=reason)


def test_a_line_of_the_account_is_json():
    line = Component(
        name="benchmark_sanity",
        share=0.05,
        weight=0.0,
        value=None,
        contribution=0.0,
        sources={},
        unavailable=Unavailable.NO_PACKS,
    )
    assert line.as_json()["unavailable"] == "no_packs"
