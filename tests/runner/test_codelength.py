"""From log probabilities to bits."""

import math

import numpy as np
import pytest

from evaluations.runner.codelength import first_token_bits, is_probability, token_bits


@pytest.mark.parametrize("p", [1.0, 0.5, 1 / 256, 1e-9, 0.0])
def test_bits_are_those_of_the_mixture_with_the_uniform_distribution(p):
    logp = np.array([math.log(p) if p else -math.inf], dtype=np.float32)
    expected = -math.log2((1 - 1e-4) * p + 1e-4 / 256)
    assert token_bits(logp, 256)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("claim", [math.nan, math.inf, 0.1, 88.0])
def test_what_is_no_probability_is_charged_as_zero(claim):
    logp = np.array([claim], dtype=np.float32)
    assert not is_probability(logp)[0]
    assert token_bits(logp, 256)[0] == pytest.approx(-math.log2(1e-4 / 256))


def test_rounding_above_one_is_forgiven_but_earns_nothing():
    assert token_bits(np.array([5e-5], np.float32), 256)[0] == token_bits(np.array([0.0], np.float32), 256)[0]


def test_a_proper_distribution_stays_one_after_mixing():
    p = np.random.default_rng(0).dirichlet(np.ones(50))
    q = 2.0 ** -token_bits(np.log(p).astype(np.float32), 50)
    assert q.sum() == pytest.approx(1.0, abs=1e-5)


def test_the_first_token_costs_the_logarithm_of_the_vocabulary():
    assert first_token_bits(256) == 8.0
