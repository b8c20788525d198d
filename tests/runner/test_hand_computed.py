"""Code lengths that can be worked out without a neural network."""

import math

import numpy as np
import pytest

from evaluations.runner.job import Schedule
from evaluations.runner.stream import chunk_cuts, chunks
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, TEXT, execute, make_job

DATA = TEXT[:24_000]
SCHEDULE = Schedule(sequence_length=64, score_fraction=1.0)


def bigram_bits(data: bytes) -> list[float]:
    """Prequential bits of each chunk under add-one bigram counts that are updated after each chunk."""
    cuts = chunk_cuts(data, first_bytes=4096, growth=1.1, max_bytes=65_536)
    counts, seen, found = np.ones((256, 256)), b"", []
    for chunk in chunks(data, cuts):
        line = np.frombuffer(seen[-1:] + chunk.text, dtype=np.uint8)
        table = np.full((256, 256), 1 / 256) if chunk.index == 0 else counts / counts.sum(1, keepdims=True)
        p = table[line[:-1], line[1:]]
        bits = -np.log2((1 - 1e-4) * p + 1e-4 / 256).sum()
        found.append(bits + (8.0 if chunk.index == 0 else 0.0))  # the first token is coded uniformly
        np.add.at(counts, (line[:-1], line[1:]), 1)
        seen += chunk.text
    return found


@pytest.fixture(scope="module")
def bigram(tmp_path_factory):
    files = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}
    return execute(make_job(tmp_path_factory.mktemp("bigram"), files, data=DATA, schedule=SCHEDULE))


def test_bigram_code_length_agrees_with_the_hand_computation(bigram):
    assert bigram.bpb == pytest.approx(sum(bigram_bits(DATA)) / len(DATA), abs=1e-6)
    assert [line["chunk_bits"] for line in bigram.chunks] == pytest.approx(bigram_bits(DATA), rel=1e-6)


def test_every_byte_of_the_budget_is_scored(bigram):
    assert bigram.score["bytes"] == bigram.score["tokens"] == len(DATA)
    assert sum(line["chunk_bytes"] for line in bigram.chunks) == len(DATA)


def test_curve_ends_at_the_score(bigram):
    assert bigram.manifest.curve["bytes"][-1] == len(DATA)
    assert bigram.manifest.curve["bits"][-1] == bigram.score["bits"]
    assert bigram.score["bpb"] == bigram.score["bits"] / len(DATA)


@pytest.mark.long
def test_an_untrained_uniform_model_costs_eight_bits_per_byte(tmp_path):
    files = {"architecture.py": TABLE_MODEL, "training.py": IDLE_TRAINER}
    assert execute(make_job(tmp_path, files)).bpb == pytest.approx(8.0, abs=1e-6)


def test_first_chunk_is_scored_with_the_initial_weights_whatever_was_committed(tmp_path):
    knowing = """
import torch


def train(ctx):
    model = ctx.build_model()
    with torch.no_grad():
        model.table[:, ord(" ")] = 20.0  # anything but the initial weights
    for chunk in ctx.stream(model):
        pass
"""
    files = {"architecture.py": TABLE_MODEL, "training.py": knowing}
    first, second = execute(make_job(tmp_path, files)).chunks[:2]
    assert first["chunk_bits"] == pytest.approx(8.0 * first["chunk_bytes"], rel=1e-6)
    assert second["chunk_bits"] > 9.0 * second["chunk_bytes"]


@pytest.mark.long
def test_nan_logits_are_charged_as_probability_zero(tmp_path):
    model = TABLE_MODEL.replace("self.table[tokens]", "self.table[tokens] * float('nan')")
    outcome = execute(make_job(tmp_path, {"architecture.py": model, "training.py": IDLE_TRAINER}))
    positions = outcome.score["bytes"] - 1
    assert outcome.score["bits"] == pytest.approx(8.0 - positions * math.log2(1e-4 / 256), rel=1e-9)
    assert outcome.score["nonfinite"] == positions
    assert outcome.manifest.training["forward_seconds"] > 0
    assert sum(line["nonfinite"] for line in outcome.chunks) == positions
