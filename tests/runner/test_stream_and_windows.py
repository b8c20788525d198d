"""Cutting text and tokens: nothing lost, nothing twice, and samples that estimate the whole."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.runner.stream import chunk_cuts, chunks
from evaluations.runner.windows import estimate, plan, sample_size, secret_rng

NONE = np.zeros(0, np.int32)


@given(st.text(min_size=1, max_size=3000), st.integers(4, 64), st.floats(1.0, 2.0))
def test_chunks_are_the_text_and_each_is_valid_utf8(text, first, growth):
    data = text.encode()
    found = list(chunks(data, chunk_cuts(data, first_bytes=first, growth=growth, max_bytes=256)))
    assert b"".join(chunk.text for chunk in found) == data
    assert [chunk.end for chunk in found] == list(np.cumsum([len(chunk.text) for chunk in found]))
    assert all(chunk.text.decode() for chunk in found)


def test_chunks_grow_to_their_largest():
    sizes = np.diff([0, *chunk_cuts(b"x" * 900_000, first_bytes=4096, growth=1.1, max_bytes=65_536)])
    assert sizes[0] == 4096
    assert sizes[1] == 4505
    assert sizes.max() == 65_536
    assert all(a <= b for a, b in pairwise(sizes[:-1]))


@given(st.integers(0, 1), st.integers(0, 900), st.integers(2, 70))
def test_every_token_but_the_streams_first_is_predicted_exactly_once(context, count, length):
    line = np.arange(context + count, dtype=np.int32)
    made = plan(
        line[:context],
        line[context:],
        length=length,
        fraction=1.0,
        vocab_size=1000,
        rng=secret_rng(b"s", "t"),
    )
    targets = [batch[:, 1:].ravel() for batch in made.batches]
    predicted = np.sort(np.concatenate(targets)) if targets else NONE
    assert predicted.tolist() == list(range(1, context + count))
    assert all((batch[:, 1:] - batch[:, :-1] == 1).all() for batch in made.batches)
    assert made.positions == max(0, context + count - 1)


def sampled(bits_per_token: np.ndarray, secret: int, fraction: float):
    tokens = np.arange(len(bits_per_token), dtype=np.int32)
    rng = secret_rng(secret.to_bytes(4, "big"), "windows")
    made = plan(NONE, tokens, length=17, fraction=fraction, vocab_size=4096, rng=rng)
    targets = [batch[:, 1:].ravel() for batch in made.batches]
    return estimate(made, bits_per_token[np.concatenate(targets)])


def test_the_sample_estimates_the_whole_without_bias_and_knows_its_error():
    bits = np.random.default_rng(0).gamma(2.0, 1.0, size=1003)
    truth = bits[1:].sum()
    found = [sampled(bits, secret, 0.25) for secret in range(600)]
    errors = np.array([estimate.bits - truth for estimate in found])
    claimed = np.sqrt(np.mean([estimate.variance for estimate in found]))
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(len(errors))
    assert claimed == pytest.approx(errors.std(), rel=0.1)


def test_scoring_everything_has_no_sampling_error():
    bits = np.random.default_rng(1).gamma(2.0, 1.0, size=500)
    found = sampled(bits, 1, 1.0)
    assert found.bits == pytest.approx(bits[1:].sum())
    assert found.variance == 0.0


@given(st.integers(0, 500), st.floats(0.01, 1.0))
def test_a_sample_is_never_larger_than_its_chunk_and_has_a_variance(full, fraction):
    size = sample_size(full, fraction)
    assert min(full, 2) <= size <= full


def test_who_does_not_know_the_secret_cannot_foresee_the_draw():
    draws = {tuple(secret_rng(bytes([n]), "windows of chunk 3").permutation(64)[:16]) for n in range(20)}
    again = tuple(secret_rng(bytes([0]), "windows of chunk 3").permutation(64)[:16])
    assert len(draws) == 20
    assert again in draws
