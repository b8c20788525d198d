"""Knowing before learning: each sign is shown by an attacker, and an honest neighbour does not show it."""

import random
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluations.backends.streams import later_references
from evaluations.datasets.baselines import ppmd_bits
from evaluations.runner import anomalies
from evaluations.runner.job import EarlyReference, Job, Schedule
from evaluations.runner.ledger import Line
from evaluations.runner.stream import chunk_cuts
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, execute, make_job

SCHEDULE = Schedule(
    chunk_first_bytes=128, chunk_growth=4.0, sequence_length=512, score_fraction=1.0, audit_fraction=0.02
)
RUN = 16  # every letter of the text comes so often in a row, which PPMd of order 6 cannot count

KNOWING_MODEL = '''
import torch
from torch import nn
from torch.nn import functional as F


class Counter(nn.Module):
    """Knows that letters come in runs of sixteen, whatever their ids are, and needs no training for it."""

    def __init__(self, vocabulary):
        super().__init__()
        self.vocabulary = vocabulary
        self.sure = nn.Parameter(torch.tensor(SURE))

    def forward(self, tokens):
        one = F.pad(tokens, (15, 0), value=-1).unfold(1, 16, 1)
        ended = (one == tokens[..., None]).all(-1, keepdim=True)
        return self.sure * F.one_hot(tokens, self.vocabulary) * ~ended


def build_model(ctx):
    return Counter(ctx.vocab_size)
'''
SWITCHING_TRAINER = """
import torch


def train(ctx):
    model = ctx.build_model()
    for chunk in ctx.stream(model):
        with torch.no_grad():
            model.sure.fill_(12.0)
"""
CONSTANT_TABLE = """torch.randn(
            vocabulary, vocabulary, generator=torch.Generator().manual_seed(7))"""
ZEROS, OWN_DRAWS = "torch.zeros(vocabulary, vocabulary)", "torch.randn(vocabulary, vocabulary)"


def runs_of_letters(size: int = 32_768) -> bytes:
    draw = random.Random(3)
    return "".join(draw.choice(string.printable[:94]) * RUN for _ in range(size // RUN)).encode()


def compared_with_ppmd(job: Job, data: bytes) -> Job:
    """The job with PPMd's real code length of its whole text."""
    schedule = job.schedule
    cuts = chunk_cuts(
        data,
        first_bytes=schedule.chunk_first_bytes,
        growth=schedule.chunk_growth,
        max_bytes=schedule.chunk_max_bytes,
    )
    return replace(job, early_reference=EarlyReference(bytes=cuts[-1], bits=ppmd_bits(data, cuts)[-1]))


def outcome_of(folder: Path, architecture: str, training: str) -> dict[str, Any]:
    """{integrity, multiplier, verdict} of a real run on runs of letters."""
    data = runs_of_letters()
    files: dict[str, str | bytes] = {"architecture.py": architecture, "training.py": training}
    outcome = execute(compared_with_ppmd(make_job(folder, files, data=data, schedule=SCHEDULE), data))
    assert outcome.manifest is not None
    multiplier = outcome.score["multiplier"]
    return {**outcome.manifest.integrity, "multiplier": multiplier, "verdict": outcome.manifest.verdict}


def codes(found: dict[str, Any]) -> list[str]:
    return [anomaly["code"] for anomaly in found["anomalies"]]


def test_a_model_that_knows_before_training_is_worth_nothing(tmp_path: Path) -> None:
    found = outcome_of(tmp_path, KNOWING_MODEL.replace("SURE", "12.0"), IDLE_TRAINER)
    assert found["verdict"] == "scored"
    assert codes(found) == ["step0_anomaly", "early_compression_anomaly"]
    assert found["step0"]["bpb"] < 1.0
    assert found["step0"]["limit"] == pytest.approx(4.0)
    assert found["multiplier"] == 0.0


@pytest.mark.long
def test_a_model_that_hides_what_it_knows_at_first_is_worth_nothing(tmp_path: Path) -> None:
    found = outcome_of(tmp_path, KNOWING_MODEL.replace("SURE", "0.0"), SWITCHING_TRAINER)
    assert codes(found) == ["early_compression_anomaly"]
    assert found["step0"] == {"bpb": pytest.approx(8.0, abs=0.01), "limit": pytest.approx(4.0), "ok": True}
    assert found["early_vs_ppmd"]["ratio"] < 0.7
    assert found["multiplier"] == 0.0


@pytest.mark.long
def test_an_honest_learner_of_the_same_text_shows_no_sign(tmp_path: Path) -> None:
    found = outcome_of(tmp_path, TABLE_MODEL, COUNTING_TRAINER)
    assert found["anomalies"] == []
    assert found["step0"]["ok"]
    assert found["early_vs_ppmd"]["ok"]
    assert found["permuted"] is True
    assert found["multiplier"] == 1.0


def test_a_table_that_no_seed_changes_is_worth_nothing(tmp_path: Path) -> None:
    found = outcome_of(tmp_path, TABLE_MODEL.replace(ZEROS, CONSTANT_TABLE), IDLE_TRAINER)
    assert codes(found) == ["seed_invariant_parameters"]
    assert found["seed_invariant"] == ["table"]
    assert "table" in found["anomalies"][0]["detail"]
    assert found["multiplier"] == 0.0


@pytest.mark.long
def test_a_table_drawn_under_the_forced_seed_shows_no_sign(tmp_path: Path) -> None:
    found = outcome_of(tmp_path, TABLE_MODEL.replace(ZEROS, OWN_DRAWS), IDLE_TRAINER)
    assert (found["seed_invariant"], found["anomalies"], found["multiplier"]) == ([], [], 1.0)


def line(bits: float, *, stream_bytes: int = 1000, tokens: int = 1000) -> Line:
    return Line(
        index=0,
        stream_bytes=stream_bytes,
        bits=bits,
        chunk_bytes=stream_bytes,
        chunk_bits=bits,
        tokens=tokens,
        seconds=0.0,
        nonfinite=0,
    )


@pytest.mark.parametrize(("bits", "ok"), [(8000.0, True), (4000.0, True), (3999.0, False)])
def test_half_the_uniform_code_length_is_the_limit_of_the_untrained(bits: float, ok: bool) -> None:
    assert anomalies.step0(line(bits), 256)["ok"] is ok


def test_the_uniform_code_length_is_that_of_the_vocabulary() -> None:
    assert anomalies.step0(line(9000.0, tokens=250), 65_536)["limit"] == pytest.approx(2.0)


@pytest.mark.parametrize(("bits", "ok"), [(1400.0, True), (1399.0, False)])
def test_thirty_percent_below_ppmd_is_the_limit_of_the_first_text(bits: float, ok: bool) -> None:
    figures = anomalies.early_vs_ppmd([line(bits)], EarlyReference(bytes=1000, bits=2000.0))
    assert figures is not None
    assert figures["ok"] is ok


def test_code_lengths_of_different_bytes_are_not_compared() -> None:
    assert anomalies.early_vs_ppmd([line(1.0)], EarlyReference(bytes=999, bits=2000.0)) is None
    assert anomalies.early_vs_ppmd([line(1.0)], None) is None
    assert anomalies.early_vs_ppmd([], EarlyReference(bytes=1000, bits=2000.0)) is None


def test_a_sentence_names_five_parameters_and_counts_the_rest() -> None:
    (anomaly,) = anomalies.found(None, None, [], [f"p{number}" for number in range(7)])
    assert anomaly["detail"].endswith("p0, p1, p2, p3, p4 and 2 more.")


def test_knowledge_that_was_held_back_shows_in_a_later_stretch() -> None:
    """As good as PPMd for 1,000 bytes, as PPMd again for 1,000 more, then as if it knew the text."""
    lines = [line(2000.0), line(4000.0, stream_bytes=2000), line(4400.0, stream_bytes=4000)]
    early = EarlyReference(bytes=1000, bits=2000.0)
    later = (EarlyReference(bytes=2000, bits=4000.0), EarlyReference(bytes=4000, bits=8000.0))
    figures = anomalies.later_vs_ppmd(lines, early, later)
    assert [stretch["ok"] for stretch in figures] == [True, False]
    (anomaly,) = anomalies.found(None, anomalies.early_vs_ppmd(lines, early), figures, [])
    assert anomaly["code"] == "early_compression_anomaly"
    assert anomaly["detail"].startswith("From byte 2,000 to 4,000 the model needs 0.200 bits per byte")


def test_stretches_double_up_to_the_end_of_the_text() -> None:
    cuts = [65_536 * n for n in range(1, 8)]
    found = later_references({"bytes": cuts, "ppmd_bits": [2.0 * cut for cut in cuts]})
    assert [reference.bytes // 65_536 for reference in found] == [2, 4, 7]
