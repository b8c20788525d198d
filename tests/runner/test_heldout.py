"""Held-out: a twin, a trained model, and secret text that no learner coexists with."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluations.runner.heldout import last_revealed
from evaluations.runner.job import Job, StreamSpec
from evaluations.runner.stream import Chunk
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, ROOT, TABLE_MODEL, TEXT, execute, make_job

VAL = TEXT[40_000:48_192]


def with_heldout(job: Job, text: bytes = VAL) -> Job:
    """The same job with secret text, which lies where no child may read."""
    path = Path(job.output_folder).parent / "heldout.txt"
    path.write_bytes(text)
    spec = StreamSpec(
        path=str(path),
        sha256=hashlib.sha256(text).hexdigest(),
        bytes=len(text),
        source="test",
        revision="",
        manifest_sha256="",
        order_seed=0,
    )
    return replace(job, heldout=spec)


def files(training: str = COUNTING_TRAINER, architecture: str = TABLE_MODEL) -> dict[str, str | bytes]:
    return {"architecture.py": architecture, "training.py": training}


def remeasured(job: Job) -> tuple[int, dict[str, Any]]:
    """What `heldout JOB.json` says of a finished run."""
    path = Path(job.output_folder).with_name("out.json")
    command = [sys.executable, "-m", "evaluations.runner", "heldout", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, dict[str, Any]]:
    job = with_heldout(make_job(tmp_path_factory.mktemp("run"), files()))
    outcome = execute(job)
    assert outcome.manifest is not None
    assert outcome.manifest.heldout is not None, outcome.manifest.reason + outcome.stderr
    return job, outcome.manifest.heldout


def test_the_untrained_twin_knows_nothing_and_the_trained_model_something(
    measured: tuple[Job, dict[str, Any]],
) -> None:
    _, heldout = measured
    assert heldout["bpb_init"] == pytest.approx(8.0, abs=1e-3)  # a table of zeros is uniform
    assert 2.0 < heldout["bpb"] < 6.0
    assert heldout["delta"] == pytest.approx(heldout["bpb_init"] - heldout["bpb"])


def test_the_gap_compares_equal_amounts_of_new_and_of_old_text(measured: tuple[Job, dict[str, Any]]) -> None:
    _, heldout = measured
    assert heldout["bytes"] == heldout["train_bytes"] == len(VAL)
    assert heldout["gap"] == pytest.approx(heldout["bpb"] - heldout["train_bpb"])
    assert heldout["train_bpb"] < heldout["bpb"]  # counts fit what was counted better


def test_measuring_again_gives_the_same_figures(measured: tuple[Job, dict[str, Any]]) -> None:
    job, heldout = measured
    status, report = remeasured(job)
    assert (status, report["verdict"]) == (0, "measured")
    assert report["heldout"] == heldout


@pytest.mark.long
def test_learning_by_heart_shows_as_a_gap(tmp_path: Path) -> None:
    """A table of the last 64 bytes' transitions, sharpened: sure of old text, wrong about new."""
    by_heart = COUNTING_TRAINER.replace(
        "(counts / counts.sum(1, keepdim=True)).log()", "12.0 * (counts == counts.amax(1, keepdim=True))"
    )
    repeated = (b"the quick brown fox jumps over it. " * 600)[:16_384]
    outcome = execute(with_heldout(make_job(tmp_path, files(by_heart), data=repeated)))
    assert outcome.manifest is not None
    heldout = outcome.manifest.heldout
    assert heldout is not None
    assert heldout["gap"] > 1.0


@pytest.mark.long
def test_a_learner_that_never_takes_a_chunk_leaves_no_delta_and_no_gap(tmp_path: Path) -> None:
    outcome = execute(with_heldout(make_job(tmp_path, files(IDLE_TRAINER))))
    assert outcome.manifest is not None
    heldout = outcome.manifest.heldout
    assert heldout is not None
    assert heldout["delta"] == 0.0
    assert (heldout["train_bpb"], heldout["gap"], heldout["train_bytes"]) == (None, None, 0)


def test_neither_child_can_read_the_secret_text(tmp_path: Path) -> None:
    prying = f"""
import torch
def pry():
    try:
        return len(open({str(tmp_path / "heldout.txt")!r}, "rb").read())
    except OSError as error:
        return type(error).__name__
print("found", pry())
"""
    outcome = execute(
        with_heldout(make_job(tmp_path, files(prying + COUNTING_TRAINER, prying + TABLE_MODEL)))
    )
    assert outcome.manifest is not None
    assert outcome.manifest.heldout is not None
    logs = [outcome.folder / name for name in ("learner.log", "heldout-untrained.log", "heldout-trained.log")]
    for log in logs:
        said = log.read_text()
        assert "found PermissionError" in said
        assert "found 8192" not in said


@pytest.mark.long
def test_the_trained_predictor_finds_nothing_that_the_untrained_left(tmp_path: Path) -> None:
    """A model that stores the text it is asked about, to know it when it is asked again."""
    storing = TABLE_MODEL.replace(
        "        return self.table[tokens]",
        "        import os, pathlib\n"
        "        left = pathlib.Path(os.getcwd(), 'seen')\n"
        "        if not hasattr(self, 'asked'):\n"
        "            self.asked = print('left over:', left.exists(), flush=True)\n"
        "        left.write_bytes(tokens.numpy().tobytes())\n"
        "        return self.table[tokens]",
    )
    outcome = execute(with_heldout(make_job(tmp_path, files(architecture=storing))))
    assert outcome.manifest is not None
    assert outcome.manifest.heldout is not None, outcome.manifest.reason
    for name in ("untrained", "trained"):
        said = (outcome.folder / f"heldout-{name}.log").read_text()
        assert "left over: False" in said
    assert not (outcome.folder / "predictor").exists()


@pytest.mark.long
def test_a_model_that_fails_on_the_secret_text_fails_the_run(tmp_path: Path) -> None:
    """The predictor asked about more than it was built for has no excuse."""
    counting = TABLE_MODEL.replace(
        "        return self.table[tokens]",
        "        self.calls = getattr(self, 'calls', 0) + 1\n"
        "        if self.calls > 3 and self.table.abs().sum() == 0:\n"
        "            raise RuntimeError('tired')\n"
        "        return self.table[tokens]",
    )
    job = with_heldout(make_job(tmp_path, files(architecture=counting)))
    outcome = execute(job)
    assert outcome.manifest is not None
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "model_error")
    assert "tired" in outcome.manifest.traceback
    assert outcome.manifest.score is None
    status, _ = remeasured(job)
    assert status == 3


def test_changed_secret_text_is_the_hosts_fault(tmp_path: Path) -> None:
    job = with_heldout(make_job(tmp_path, files()))
    (tmp_path / "heldout.txt").write_bytes(VAL[1:])
    outcome = execute(job)
    assert outcome.status == 3
    assert outcome.lines[-1]["code"] == "data_stream_changed"
    assert outcome.manifest is None


@pytest.mark.long
def test_without_secret_text_nothing_is_measured(tmp_path: Path) -> None:
    outcome = execute(make_job(tmp_path, files()))
    assert outcome.manifest is not None
    assert outcome.manifest.heldout is None
    assert outcome.manifest.verdict == "scored"


@pytest.mark.parametrize(
    ("commits", "budget", "text"),
    [
        (0, 4, b""),
        (1, 4, b"abcd"),
        (1, 100, b"abcd"),
        (2, 5, "dé12".encode()),
        (2, 4, "é12".encode()),
        (2, 3, b"12"),  # half a character is left out
        (3, 5, b"3xyz"),  # half a character is left out
        (9, 4, b"3xyz"),  # a commit after the last chunk reveals nothing more
    ],
)
def test_the_text_trained_on_last_begins_at_a_character(commits: int, budget: int, text: bytes) -> None:
    pieces = ["abcd", "é12", "é3xyz"]
    chunks = [Chunk(index, piece.encode(), 0) for index, piece in enumerate(pieces)]
    assert last_revealed(chunks, commits, budget) == text


@pytest.mark.long
def test_claims_about_secret_text_are_audited_too(tmp_path: Path) -> None:
    """Honest in the run, where it is audited; sure of what follows where there is no learner any more."""
    peeking = TABLE_MODEL.replace(
        "        return self.table[tokens]",
        "        if not hasattr(self, 'begins_trained'):\n"
        "            self.begins_trained = bool((self.table != 0).any())\n"
        "        sure = torch.nn.functional.one_hot(tokens.roll(-1, 1), 256) * 9.0\n"
        "        return self.table[tokens] + (sure if self.begins_trained else 0)",
    )
    outcome = execute(with_heldout(make_job(tmp_path, files(architecture=peeking))))
    assert outcome.manifest is not None
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("rejected", "causality_violation")
    assert "held-out measurement" in outcome.manifest.reason


@pytest.mark.long
def test_a_twin_worse_than_knowing_nothing_counts_as_knowing_nothing(tmp_path: Path) -> None:
    wrong = TABLE_MODEL.replace(
        "return self.table[tokens]",
        "return self.table[tokens] if (self.table != 0).any() else 30.0 * (torch.arange(256) == 7)"
        ".expand(*tokens.shape, 256)",
    )
    outcome = execute(with_heldout(make_job(tmp_path, files(architecture=wrong))))
    assert outcome.manifest is not None
    heldout = outcome.manifest.heldout
    assert heldout is not None
    assert heldout["bpb_init"] > 12.0
    assert heldout["delta"] == pytest.approx(8.0 - heldout["bpb"])
