"""When better is better: worked by hand, against a bootstrap that really resamples, and on noise."""

import math
import statistics
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.paired import (
    LEAST_SE_BPB,
    RunsNotComparable,
    TooFewChunks,
    Verdict,
    block_sums,
    improvement,
    relative_gain,
    verdict,
)
from tests.scoring.run_manifests import manifest

THRESHOLDS = ImprovementThresholds()
curves = st.lists(st.floats(min_value=100.0, max_value=9_000.0), min_size=4, max_size=60)
ORDER = (Verdict.NOT, Verdict.NEAR, Verdict.BETTER)


def bootstrapped_se(best: list[float], candidate: list[float], block_length: int) -> float:
    """The same standard error by resampling blocks ten thousand times, without the correction."""
    rng, n = np.random.default_rng(7), len(best)
    bits = np.array(best)
    residual = bits - np.array(candidate)
    residual = residual - residual.sum() / bits.sum() * bits
    starts = rng.integers(0, n, size=(10_000, n // block_length))
    places = (starts[:, :, None] + np.arange(block_length)) % n
    return float(residual[places].sum(axis=(1, 2)).std() / bits.sum())


def test_four_chunks_worked_by_hand():
    found = improvement(
        [manifest([4_000, 3_000, 2_000, 1_000])], [manifest([3_900, 2_900, 2_000, 1_100])], THRESHOLDS
    )
    # d = 100, 100, 0, -100; rho = 100 / 10000; e = d - bits / 100 = 60, 70, -20, -110
    # blocks of 2 around the circle: 130, 50, -130, -50; their squares sum to 38800
    # variance = that / 2 / (1 - 2 / 4), se = its root / 10000 relative, times 2.5 bits per byte
    variance = 38_800 / 2 / 0.5
    assert math.isclose(found.mean_bpb, 100 / 4_000)
    assert math.isclose(found.relative, 0.01)
    assert math.isclose(found.se, math.sqrt(variance) / 10_000 * 2.5)
    assert math.isclose(found.z, found.mean_bpb / found.se)
    assert (found.required_bpb, found.required_z) == (0.0025, 2.0)


def test_closed_form_is_what_resampling_converges_to():
    rng = np.random.default_rng(1)
    noise = np.convolve(rng.normal(0, 30, 109), np.ones(10) / 10, mode="valid")
    best = 3_000 + 2_000 * np.exp(-np.arange(100) / 20)
    candidate = best + noise
    _, se = relative_gain(best.tolist(), candidate.tolist(), 10)
    expected = bootstrapped_se(best.tolist(), candidate.tolist(), 10) / math.sqrt(1 - 10 / 100)
    assert math.isclose(se, expected, rel_tol=0.03)


@given(curves, st.data())
def test_the_mean_is_the_difference_of_the_scores(best, data):
    candidate = data.draw(st.lists(st.floats(100.0, 9_000.0), min_size=len(best), max_size=len(best)))
    ours, theirs = manifest(best), manifest(candidate)
    found = improvement([ours], [theirs], THRESHOLDS)
    assert math.isclose(found.mean_bpb, ours["score"]["bpb"] - theirs["score"]["bpb"], abs_tol=1e-9)
    assert math.isfinite(found.z)


@given(curves, st.data())
def test_of_two_submissions_only_one_can_be_better(one, data):
    other = data.draw(st.lists(st.floats(100.0, 9_000.0), min_size=len(one), max_size=len(one)))
    first, second = manifest(one), manifest(other)
    verdicts = {
        improvement([first], [second], THRESHOLDS).verdict,
        improvement([second], [first], THRESHOLDS).verdict,
    }
    assert Verdict.NOT in verdicts


@given(curves)
def test_the_same_run_again_is_not_better(bits):
    found = improvement([manifest(bits)], [manifest(bits)], THRESHOLDS)
    assert (found.mean_bpb, found.z, found.verdict) == (0.0, 0.0, Verdict.NOT)


@given(curves)
def test_the_same_gain_on_every_chunk_has_no_noise(bits):
    found = improvement([manifest(bits)], [manifest([0.99 * b for b in bits])], THRESHOLDS)
    assert math.isclose(found.relative, 0.01, rel_tol=1e-6)
    assert found.se <= 1e-6
    assert found.verdict is (Verdict.BETTER if found.mean_bpb > found.required_bpb else found.verdict)


@given(curves, st.data(), st.floats(0.01, 100.0))
def test_z_does_not_depend_on_the_unit_of_code_length(best, data, factor):
    candidate = data.draw(st.lists(st.floats(100.0, 9_000.0), min_size=len(best), max_size=len(best)))
    found = improvement([manifest(best)], [manifest(candidate)], THRESHOLDS)
    assume(found.se > 1e-6)
    scaled = improvement(
        [manifest([factor * b for b in best])], [manifest([factor * b for b in candidate])], THRESHOLDS
    )
    assert math.isclose(scaled.z, found.z, rel_tol=1e-6, abs_tol=1e-9)


def test_the_verdict_does_not_depend_on_the_order_of_seeds():
    best = [manifest([4_000, 3_000, 2_500, 2_400], seed=seed) for seed in (1, 2, 3)]
    candidate = [manifest([3_900 - 10 * seed, 3_000, 2_400, 2_300], seed=seed) for seed in (1, 2, 3)]
    assert improvement(best, candidate, THRESHOLDS) == improvement(best[::-1], candidate[::-1], THRESHOLDS)


def test_several_seeds_add_their_own_variance():
    best = [manifest([3_000] * 9, seed=seed) for seed in (1, 2)]
    candidate = [manifest([2_970] * 9, seed=1), manifest([2_930] * 9, seed=2)]
    found = improvement(best, candidate, THRESHOLDS)
    assert math.isclose(found.mean_bpb, 0.05)
    assert math.isclose(found.se, statistics.stdev([0.03, 0.07]) / math.sqrt(2))
    assert [pair.seed for pair in found.seeds] == [1, 2]


def test_a_known_spread_over_seeds_counts_for_both_sides():
    runs = [manifest([3_000] * 9)], [manifest([2_970] * 9)]
    assert improvement(*runs, THRESHOLDS).verdict is Verdict.BETTER
    found = improvement(*runs, THRESHOLDS, seed_sd_bpb=0.02)
    assert math.isclose(found.se, 0.02 * math.sqrt(2))
    assert found.verdict is Verdict.NEAR


def test_a_seed_that_only_one_of_both_was_run_under_does_not_count():
    best = [manifest([3_000] * 9, seed=1)]
    candidate = [manifest([2_900] * 9, seed=1), manifest([9_000] * 9, seed=2)]
    assert math.isclose(improvement(best, candidate, THRESHOLDS).mean_bpb, 0.1)


@pytest.mark.parametrize(
    ("candidate", "error"),
    [
        (manifest([3_000] * 5, stream_sha256="cd" * 32), RunsNotComparable),
        (manifest([3_000] * 6), RunsNotComparable),
        (manifest([3_000] * 5, [999, 1_001, 1_000, 1_000, 1_000]), RunsNotComparable),
        (manifest([3_000] * 5, seed=2), RunsNotComparable),
    ],
)
def test_what_was_not_coded_alike_is_not_compared(candidate, error):
    with pytest.raises(error):
        improvement([manifest([3_000] * 5)], [candidate], THRESHOLDS)


def test_three_chunks_say_nothing_about_noise():
    with pytest.raises(TooFewChunks) as refused:
        improvement([manifest([3_000] * 3)], [manifest([2_000] * 3)], THRESHOLDS)
    assert refused.value.code == "too_few_chunks"


def test_a_best_without_code_length_is_refused():
    with pytest.raises(RunsNotComparable):
        improvement([manifest([0.0] * 5)], [manifest([1.0] * 5)], THRESHOLDS)


@pytest.mark.parametrize(
    ("delta", "z", "expected"),
    [
        (0.0021, 2.1, Verdict.BETTER),
        (0.0020, 2.1, Verdict.NEAR),  # must exceed
        (0.0021, 2.0, Verdict.NEAR),
        (0.0010, 9.0, Verdict.NEAR),
        (0.0021, 1.0, Verdict.NEAR),
        (0.0010, 1.0, Verdict.NEAR),
        (0.0009, 9.0, Verdict.NOT),
        (0.0021, 0.9, Verdict.NOT),
        (-0.01, -9.0, Verdict.NOT),
        (0.0, 0.0, Verdict.NOT),
    ],
)
def test_verdict_at_its_borders(delta, z, expected):
    assert verdict(delta, z, 0.002, 2.0) is expected


@given(
    st.floats(-1, 1), st.floats(-9, 9), st.floats(0, 0.5), st.floats(0, 5), st.floats(0, 1), st.floats(0, 9)
)
def test_more_improvement_is_never_a_worse_verdict(delta, z, required, required_z, more_delta, more_z):
    before = verdict(delta, z, required, required_z)
    after = verdict(delta + more_delta, z + more_z, required, required_z)
    assert ORDER.index(after) >= ORDER.index(before)


def test_the_larger_of_the_absolute_and_the_relative_threshold_counts():
    for size, relative in ((1_000, 0.001), (8_000, 0.008)):
        found = improvement([manifest([size] * 5)], [manifest([size] * 5)], THRESHOLDS)
        assert found.required_bpb == max(0.002, relative)


@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_noise_is_rarely_taken_for_an_improvement(memory):
    """Pairs that differ by noise alone, which may carry over from chunk to chunk; one in twenty may win."""
    rng, wins = np.random.default_rng(3), 0
    for _ in range(400):
        noise = np.zeros(100)
        for k, shock in enumerate(rng.normal(0, 30, 100)):
            noise[k] = memory * noise[k - 1] + shock if k else shock / math.sqrt(1 - memory**2)
        best = [3_000.0] * 100
        found = improvement([manifest(best)], [manifest((3_000 + noise).tolist())], THRESHOLDS)
        wins += found.verdict is Verdict.BETTER
    assert wins < 20


def test_evidence_is_json_and_whole():
    found = improvement([manifest([3_000] * 5)], [manifest([2_900] * 5)], THRESHOLDS).as_json()
    assert found["verdict"] == "better"
    assert found["seeds"][0]["block_length"] == 2
    assert found["se"] == LEAST_SE_BPB


def test_noise_at_the_beginning_counts_like_noise_anywhere():
    early, late = [3_000.0] * 25, [3_000.0] * 25
    early[0], late[12] = 2_700.0, 2_700.0
    found = [improvement([manifest([3_000.0] * 25)], [manifest(bits)], THRESHOLDS) for bits in (early, late)]
    assert math.isclose(found[0].se, found[1].se)


def test_blocks_go_round_in_a_circle():
    assert block_sums([1.0, 2.0, 3.0, 4.0], 2) == [3.0, 5.0, 7.0, 5.0]


def test_every_verdict_can_be_reached():
    seen = {verdict(d, z, 0.002, 2.0) for d, z in product((0.0, 0.0015, 0.003), (0.0, 1.5, 3.0))}
    assert seen == set(Verdict)
