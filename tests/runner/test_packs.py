"""Benchmark packs: which items are asked about, in which windows, and what the answers cost."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from evaluations.runner.benchmarks import accuracy
from evaluations.runner.codelength import token_bits
from evaluations.runner.job import Job, PackSpec
from evaluations.runner.pack_windows import batched, window
from evaluations.runner.packs import Item, PackChanged, read
from evaluations.runner.relabelling import Relabelling
from evaluations.runner.windows import secret_rng
from tests.runner.harness import TABLE_MODEL, execute, make_job
from tests.runner.test_heldout import files, remeasured, with_heldout

SECRET = b"s" * 32
ASKED = (
    "first",
    "second",
    "third",
    "last of all the many that there are, by far the longest to ask for, the",
)
QUESTIONS: list[dict[str, Any]] = [
    {"prompt": f"The {which} keyword of the language is ", "answers": [f"statement {number}."], "gold": 0}
    for number, which in enumerate(ASKED)
]
CHOICES: list[dict[str, Any]] = [
    {"prompt": "Which one returns the length?\n", "answers": ["the len", "zzzzzzz", "qqqqqqqqq"], "gold": 0},
    {"prompt": "And which one opens a file?\n", "answers": ["JJJJ", "the open"], "gold": 1},
]


def spec_of(folder: Path, name: str, items: list[dict[str, Any]], most: int = 100) -> PackSpec:
    """A pack as the host stages it."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return PackSpec(
        name=name, path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest(), items=most
    )


def with_packs(job: Job) -> Job:
    folder = Path(job.output_folder).parent
    packs = (spec_of(folder, "questions", QUESTIONS), spec_of(folder, "choices", CHOICES))
    return replace(with_heldout(job), packs=packs)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, dict[str, Any]]:
    job = with_packs(make_job(tmp_path_factory.mktemp("run"), files()))
    outcome = execute(job)
    assert outcome.manifest is not None
    assert outcome.manifest.heldout is not None, outcome.manifest.reason + outcome.stderr
    return job, outcome.manifest.heldout


def test_the_figures_are_those_of_the_final_weights_by_hand(measured: tuple[Job, dict[str, Any]]) -> None:
    """The model is a table of log p(next | current): every answer can be looked up."""
    job, heldout = measured
    table = load_file(Path(job.output_folder) / "final.safetensors")["table"]
    logp = table - np.logaddexp.reduce(table, axis=1, keepdims=True)
    relabelling = Relabelling(bytes.fromhex(job.run_secret), job.submission_id, 256)
    bits = total = 0.0
    for item in QUESTIONS:
        text = (item["prompt"] + item["answers"][0]).encode()
        ids = relabelling.apply(np.frombuffer(text, dtype=np.uint8).astype(np.int32))
        tail = len(item["answers"][0])
        bits += float(token_bits(logp[ids[-tail - 1 : -1], ids[-tail:]].astype(np.float32), 256).sum())
        total += tail
    found = heldout["benchmarks"]["questions"]
    assert found["bpb"] == pytest.approx(bits / total, rel=1e-5)
    assert found["bpb_init"] == pytest.approx(8.0, abs=1e-3)  # a table of zeros is uniform
    assert (found["items"], found["bytes"], found["left_out"]) == (4, total, 0)
    assert found["sha256"] == job.packs[0].sha256
    assert found["accuracy"] is None


def test_choices_are_told_apart_by_bits_per_byte(measured: tuple[Job, dict[str, Any]]) -> None:
    _, heldout = measured
    found = heldout["benchmarks"]["choices"]
    assert found["accuracy"] == 1.0  # English against letters that never follow each other
    assert found["bytes"] == len("the len") + len("the open")
    assert 0 < found["bpb"] < found["bpb_init"]
    assert found["audited_windows"] > 0


def test_measuring_the_packs_again_gives_the_same_figures(measured: tuple[Job, dict[str, Any]]) -> None:
    job, heldout = measured
    assert remeasured(job)[1]["heldout"] == heldout


@pytest.mark.long
def test_a_model_that_peeks_at_answers_alone_is_caught(tmp_path: Path) -> None:
    """Honest about text, whose windows are full; sure of what follows in the windows of questions."""
    peeking = TABLE_MODEL.replace(
        "        return self.table[tokens]",
        "        sure = torch.nn.functional.one_hot(tokens.roll(-1, 1), 256) * 9.0\n"
        "        asked = tokens.shape[0] > 1 and tokens.shape[1] < 63 and (self.table != 0).any()\n"
        "        return self.table[tokens] + (sure if asked else 0)",
    )
    outcome = execute(with_packs(make_job(tmp_path, files(architecture=peeking))))
    assert outcome.manifest is not None
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("rejected", "causality_violation")
    assert "benchmark pack" in outcome.manifest.reason


def test_a_changed_pack_is_the_hosts_fault(tmp_path: Path) -> None:
    job = with_packs(make_job(tmp_path, files()))
    Path(job.packs[1].path).write_text("{}")
    outcome = execute(job)
    assert outcome.status == 3
    assert outcome.lines[-1]["code"] == PackChanged.code
    assert outcome.manifest is None


def test_a_job_keeps_its_packs(tmp_path: Path) -> None:
    job = with_packs(make_job(tmp_path, {}))
    assert Job.from_json(job.to_json()).packs == job.packs


def test_a_secret_sample_is_drawn_beyond_the_cap(tmp_path: Path) -> None:
    items = [{"prompt": f"{n}?", "answers": ["yes"], "gold": 0} for n in range(50)]
    spec = spec_of(tmp_path, "many", items, most=10)
    drawn = read(spec, window_tokens=64, secret=SECRET).items
    assert len(drawn) == len({item.prompt for item in drawn}) == 10
    assert drawn == read(spec, window_tokens=64, secret=SECRET).items
    assert drawn != read(spec, window_tokens=64, secret=b"t" * 32).items


def test_an_item_takes_part_if_all_its_answers_fit_a_window(tmp_path: Path) -> None:
    items = [
        {"prompt": "?", "answers": ["short", "x" * 63], "gold": 0},
        {"prompt": "?", "answers": ["short", "x" * 64], "gold": 0},
    ]
    pack = read(spec_of(tmp_path, "long", items), window_tokens=64, secret=SECRET)
    assert (len(pack.items), pack.left_out) == (1, 1)


def test_a_long_prompt_is_cut_from_the_left() -> None:
    found = window((0, 0), np.arange(10, dtype=np.int32), np.array([90, 91], dtype=np.int32), 6)
    assert found.tokens.tolist() == [6, 7, 8, 9, 90, 91]
    assert (found.answer, found.surplus) == (2, 0)


def test_tokens_of_an_answer_without_room_are_coded_uniformly() -> None:
    """A tokenizer may spend more tokens on an answer than it has bytes."""
    found = window((0, 0), np.arange(10, dtype=np.int32), np.arange(90, 98, dtype=np.int32), 6)
    assert found.tokens.tolist() == [9, 93, 94, 95, 96, 97]
    assert (found.answer, found.surplus) == (5, 3)
    certain = np.zeros(5, dtype=np.float32)
    assert found.bits(certain, 256) == pytest.approx(3 * 8, abs=0.01)


def test_every_window_is_asked_about_once_and_its_answer_alone_is_scored() -> None:
    rng = np.random.default_rng(0)
    windows = []
    for number in range(70):
        prompt, answer = rng.integers(200, size=rng.integers(1, 40)), rng.integers(200, size=number % 9 + 1)
        windows.append(window((number, 0), prompt.astype(np.int32), answer.astype(np.int32), 32))
    bits: dict[tuple[int, int], float] = {}
    for question in batched(windows, vocab_size=256, rng=secret_rng(SECRET, "batches")):
        assert len({batch.shape for batch in question.plan.batches}) <= len(question.plan.batches)
        logp = np.concatenate(  # a claim of -t nats for token t
            [-batch[:, 1:].astype(np.float32).ravel() for batch in question.plan.batches]
        )
        bits |= question.bits(logp, 256)
    expected = {
        row.place: float(token_bits(-row.tokens[-row.answer :].astype(np.float32), 256).sum())
        for row in windows
    }
    assert bits == pytest.approx(expected)


def test_accuracy_compares_bits_per_byte_not_bits() -> None:
    items = [Item(b"?", (b"a long answer", b"no"), 0)]
    assert accuracy(items, {(0, 0): 20.0, (0, 1): 8.0}) == 1.0
    assert accuracy(items, {(0, 0): 60.0, (0, 1): 8.0}) == 0.0
    assert accuracy([Item(b"?", (b"alone",), 0)], {(0, 0): 20.0}) is None
