"""The fit finds laws that made the points, says how sure it is, and says when it cannot know."""

import os
from pathlib import Path

import numpy as np
import pytest

from scoring.scaling.doubts import doubts
from scoring.scaling.extrapolation import extrapolate
from scoring.scaling.fitting import fit, refit
from scoring.scaling.intervals import bootstrap
from scoring.scaling.law import Law
from scoring.scaling.observations import ObservationInvalid, Observations, TooFewObservations
from scoring.scaling.report import law_report
from scoring.scaling.table import Columns, read_table

LAW = Law(E=1.2, A=60.0, B=300.0, alpha=0.31, beta=0.37)
PUBLISHED = os.environ.get("PRISM_TEST_CHINCHILLA_CSV")  # svg_extracted_data.csv of the replication
REPLICATION = {"A": 482.0, "B": 2085.4, "E": 1.817, "alpha": 0.3478, "beta": 0.3659}


def points(law: Law = LAW, *, noise: float = 0.0, seed: int = 0) -> Observations:
    """Five sizes over five amounts of text each."""
    sizes, texts = np.meshgrid(np.geomspace(1e5, 1e7, 5), np.geomspace(1e6, 1e9, 5))
    losses = law.loss(sizes.ravel(), texts.ravel())
    losses = losses * np.exp(noise * np.random.default_rng(seed).standard_normal(losses.shape))
    return Observations.of(sizes.ravel(), texts.ravel(), losses)


def codes(observations: Observations) -> set[str]:
    fitted = fit(observations)
    return {doubt.code for doubt in doubts(observations, fitted, bootstrap(observations, fitted, draws=30))}


@pytest.mark.parametrize("law", [LAW, Law(0.5, 5.0, 4000.0, 0.2, 0.6), Law(2.5, 4000.0, 30.0, 0.55, 0.22)])
def test_points_without_noise_give_back_the_law_that_made_them(law: Law) -> None:
    found = fit(points(law))
    assert found.rms < 1e-6
    for name, value in law.as_json().items():
        assert getattr(found.law, name) == pytest.approx(value, rel=1e-3), name


def test_a_refit_beside_the_optimum_returns_to_it() -> None:
    beside = Law(E=1.3, A=40.0, B=350.0, alpha=0.28, beta=0.39)
    assert refit(points(), beside).alpha == pytest.approx(LAW.alpha, rel=1e-3)


def test_one_run_gone_wrong_does_not_move_the_law() -> None:
    sound = points(noise=0.001)
    broken = sound.losses.copy()
    broken[7] *= 1.5
    bent = Observations.of(sound.parameters, sound.tokens, broken)
    assert fit(bent).law.alpha == pytest.approx(LAW.alpha, rel=0.1)


def test_intervals_hold_the_truth_and_widen_with_noise() -> None:
    narrow, wide = (
        bootstrap(noisy, fit(noisy), draws=60).parameters()["alpha"]
        for noisy in (points(noise=0.0005), points(noise=0.005))
    )
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert wide.holds(LAW.alpha)


def test_the_same_seed_draws_the_same_intervals() -> None:
    noisy = points(noise=0.003)
    fitted = fit(noisy)
    once, again = (bootstrap(noisy, fitted, draws=25, seed=4).parameters() for _ in range(2))
    assert once == again


def test_points_of_one_run_are_drawn_together() -> None:
    """A run that stands apart as a whole widens the interval; its five points are no five witnesses."""
    plain = points(noise=0.001)
    losses, run = plain.losses.copy(), np.arange(len(plain)) % 5
    losses[run == 2] *= 1.01
    single = Observations.of(plain.parameters, plain.tokens, losses)
    grouped = Observations.of(plain.parameters, plain.tokens, losses, run.tolist())
    fitted = fit(single)
    widths = []
    for observations in (single, grouped):
        found = bootstrap(observations, fitted, draws=60).parameters()["E"]
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] > widths[0]


def test_the_costliest_runs_are_foretold_by_the_others() -> None:
    found = extrapolate(points())
    assert found is not None
    assert found.rms < 1e-4
    assert found.held_out + found.fitted == 25
    assert found.times_compute > 1


def test_a_law_that_bends_is_caught_by_what_it_foretells() -> None:
    plain = points()
    bent = plain.losses + 0.3 * (plain.compute > 1e14)
    found = extrapolate(Observations.of(plain.parameters, plain.tokens, bent))
    assert found is not None
    assert found.rms > 0.05
    assert found.bias < 0  # the real runs did worse


def test_sound_points_raise_no_doubt() -> None:
    assert codes(points(noise=0.0005)) == set()


def test_two_sizes_do_not_measure_an_exponent() -> None:
    sizes, texts = np.meshgrid([1e6, 2e6], np.geomspace(1e6, 1e9, 6))
    few = Observations.of(sizes.ravel(), texts.ravel(), LAW.loss(sizes.ravel(), texts.ravel()))
    assert {"too_few_levels", "span_too_narrow"} <= codes(few)


def test_size_and_text_that_grow_together_cannot_be_told_apart() -> None:
    sizes = np.geomspace(1e5, 1e8, 12)
    together = Observations.of(sizes, 20 * sizes, LAW.loss(sizes, 20 * sizes))
    assert "size_and_text_aligned" in codes(together)


def test_a_family_that_does_not_use_its_size_is_doubted() -> None:
    flat = Law(E=1.2, A=0.0, B=300.0, alpha=0.3, beta=0.37)
    assert "term_within_noise" in codes(points(flat, noise=0.002))


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_loss_that_is_no_positive_number_is_refused(wrong: float) -> None:
    with pytest.raises(ObservationInvalid):
        Observations.of([1e6] * 6, [1e6] * 6, [2.0] * 5 + [wrong])


def test_five_points_are_too_few() -> None:
    with pytest.raises(TooFewObservations):
        Observations.of([1e6] * 5, [1e6] * 5, [2.0] * 5)


def test_a_budget_far_beyond_the_points_is_said_to_be() -> None:
    report = law_report(points(noise=0.0005), budgets=[1e13, 1e24], draws=30)
    near, far = report.recommendations
    assert near.optimum is not None
    assert near.doubts == ()
    assert {doubt.code for doubt in far.doubts} == {"optimum_far_away"}
    assert report.as_json()["recommendations"][0]["optimum"]["tokens"]["low"] is not None


@pytest.mark.skipif(not PUBLISHED, reason="PRISM_TEST_CHINCHILLA_CSV names no table of the replication")
def test_the_replication_of_chinchilla_is_reproduced() -> None:
    columns = Columns(parameters="Model Size", loss="loss", flops="Training FLOP")
    observations = read_table(Path(PUBLISHED or ""), columns, drop_highest=5)
    assert len(observations) == 240
    report = law_report(observations, draws=200)
    for name, value in REPLICATION.items():
        assert report.parameters[name].holds(value), name
    for name in ("alpha", "beta", "E"):
        assert getattr(report.fit.law, name) == pytest.approx(REPLICATION[name], abs=0.005)
