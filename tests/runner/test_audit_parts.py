"""The pure parts of an audit: what is drawn, how futures are replaced, what a comparison finds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.runner.comparison import Findings
from evaluations.runner.reference_model import ReferenceModel
from evaluations.runner.splicing import Sampler, Spliced, kept_rows, splice
from evaluations.runner.windows import secret_rng
from tests.runner.harness import TEXT

TOKENS = np.frombuffer(TEXT[:40_000], dtype=np.uint8).astype(np.int32)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(2, 80), st.integers(0, 10_000))
def test_a_spliced_row_keeps_its_beginning_and_nothing_of_what_follows_the_boundary(rows, length, seed):
    windows = TOKENS[: rows * length].reshape(rows, length)
    donor = TOKENS[20_000:30_000]
    made = splice(windows, None, donor, np.random.default_rng(seed))
    assert all(row.uniform for row in made.rows)
    assert made.tokens.shape == windows.shape
    assert len(made.rows) == kept_rows(rows)
    for row in made.rows:
        assert 1 <= row.boundary < length
        assert (made.tokens[row.row, : row.boundary] == windows[row.row, : row.boundary]).all()
        assert made.tokens[row.row, row.boundary] != windows[row.row, row.boundary]


def test_rows_that_are_not_kept_are_other_text_altogether():
    windows = TOKENS[:1024].reshape(16, 64)
    made = splice(windows, None, TOKENS[20_000:30_000], np.random.default_rng(1))
    others = set(range(16)) - {row.row for row in made.rows}
    assert len(others) == 2
    assert all((made.tokens[row] != windows[row]).mean() > 0.5 for row in others)


def test_suspected_boundaries_are_where_the_claim_gains():
    advantage = np.zeros((16, 63))
    advantage[:, 40] = 9.0
    windows = TOKENS[:1024].reshape(16, 64)
    made = splice(windows, advantage, TOKENS[20_000:30_000], np.random.default_rng(1))
    assert [row.boundary for row in made.rows] == [41] * 14
    assert not any(row.uniform for row in made.rows)


@given(st.floats(0.01, 1.0), st.lists(st.integers(0, 9), max_size=40), st.integers(0, 1000))
def test_batches_are_drawn_in_the_given_share(fraction, sizes, seed):
    sampler = Sampler(fraction, secret_rng(seed.to_bytes(4, "big"), "t"))
    drawn = [sampler.draw(size) for size in sizes]
    assert all(batch < size for batches, size in zip(drawn, sizes, strict=True) for batch in batches)
    assert abs(sum(map(len, drawn)) - fraction * sum(sizes)) <= 1.0 + 1e-6


def test_the_reference_model_learns_the_stream():
    model = ReferenceModel(256)
    windows = TOKENS[30_000:38_000].reshape(-1, 100)
    before = model.bits(windows).mean()
    model.learn(TOKENS[:30_000])
    assert before == pytest.approx(8.0)
    assert model.bits(windows).mean() < 4.0


def compared(claims, audited, distribution, boundary=3, tolerance=1e-3):
    findings = Findings(len(distribution), tolerance)
    findings.compare(
        {"chunk": 0, "window": 0},
        Spliced(row=0, boundary=boundary, uniform=True),
        np.array([0, 1, 2, 3, 0], np.int32),
        np.array(claims, np.float32),
        np.array(audited, np.float32),
        np.array(distribution, np.float32),
        weight=1.0,
    )
    return findings


UNIFORM = [math.log(0.25)] * 4


def codes(findings: Findings) -> list[str]:
    return [violation["code"] for violation in findings.violations]


def test_equal_claims_are_no_violation_whatever_the_auditor_says_of_replaced_text():
    assert codes(compared([-1, -2, UNIFORM[0], -3], [-1, -2, -9, -9], UNIFORM)) == []


def test_a_claim_before_the_boundary_that_changes_is_a_violation():
    found = compared([-1, -2, UNIFORM[0], -3], [-1.01, -2, -9, -9], UNIFORM)
    assert codes(found) == ["causality_violation"]
    assert found.violations[0]["position"] == 1
    assert found.violations[0]["difference"] == pytest.approx(0.01, abs=1e-6)


def test_a_claim_at_the_boundary_is_held_against_the_distribution():
    found = compared([-1, -2, -0.1, -3], [-1, -2, -9, -9], UNIFORM)
    assert codes(found) == ["causality_violation"]
    assert found.violations[0]["position"] == 3


@pytest.mark.parametrize("mass", [0.2, -0.2, math.nan, math.inf])
def test_a_distribution_must_have_mass_one(mass):
    heavier = [value + mass for value in UNIFORM]
    found = compared([-1, -2, UNIFORM[0] + mass if math.isfinite(mass) else -1, -3], [-1, -2, 0, 0], heavier)
    assert "not_a_distribution" in codes(found)


def test_a_claim_that_is_no_probability_gains_nothing_and_is_not_accused():
    nothing = [math.nan] * 4
    assert codes(compared(nothing, nothing, nothing)) == []


def test_a_finite_claim_that_the_auditor_cannot_repeat_is_a_violation():
    assert "causality_violation" in codes(compared([-1, -2, -1, -3], [math.nan, -2, 0, 0], UNIFORM))


def test_impossible_tokens_are_charged_alike_however_impossible():
    found = compared([-math.inf, -200.0, UNIFORM[0], 0], [-90.0, -math.inf, 0, 0], UNIFORM)
    assert codes(found) == []


def test_the_chance_of_a_position_grows_with_what_its_claim_gained():
    advantage = np.full((1, 63), -3.0)
    advantage[0, [7, 40]] = 2.0, 6.0
    windows, donor, rng = TOKENS[:64].reshape(1, 64), TOKENS[20_000:30_000], np.random.default_rng(1)
    made = [splice(windows, advantage, donor, rng).rows[0] for _ in range(800)]
    targeted = [row.boundary - 1 for row in made]
    assert set(targeted) == {7, 40}
    assert 0.68 < targeted.count(40) / len(targeted) < 0.82


def lifted(by, noise=0.0, count=200):
    """Findings of rows whose claims are above what is found by so many nats, and rounding besides."""
    found, rng = Findings(4, 2e-2), np.random.default_rng(1)
    for _ in range(count):
        logp = np.log(rng.dirichlet(np.ones(4) * 5)).astype(np.float32)
        claims = np.array([logp[1] + by + rng.normal() * noise], np.float32)
        found.compare({}, Spliced(0, 1, True), np.array([0, 1]), claims, claims, logp, weight=1.0)
    return found


def test_claims_that_all_use_up_some_tolerance_are_found_out():
    assert lifted(0.015, noise=0.001).lift() == pytest.approx(0.015, abs=1e-3)
    assert lifted(0.015).violations == []


def test_rounding_is_no_lift():
    assert lifted(0.0, noise=0.004).lift() is None
    assert lifted(-0.015).lift() is None
    assert lifted(0.015, count=15).lift() is None
