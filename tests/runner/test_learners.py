"""Learners that return early, hang, raise, die or cheat the protocol: same bytes scored, or a clear code."""

import os
from pathlib import Path

import numpy as np
import pytest

from evaluations.runner.job import Limits
from evaluations.runner.relabelling import Relabelling
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, execute, make_job

HONEST = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}


def with_training(source: str) -> dict[str, str]:
    return {"architecture.py": TABLE_MODEL, "training.py": source}


def processes_naming(path: Path) -> list[str]:
    """Command lines and states of living processes whose environment or arguments name `path`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(path).encode() in text and int(entry.name) != os.getpid():
            found.append((entry / "cmdline").read_text())
    return found


def test_the_same_run_twice_gives_the_same_bits(tmp_path):
    one = execute(make_job(tmp_path / "one", HONEST))
    two = execute(make_job(tmp_path / "two", HONEST))
    assert one.status == two.status == 0
    assert one.score["bits"] == two.score["bits"]


@pytest.mark.long
def test_a_learner_that_stops_after_a_chunk_is_scored_on_the_same_bytes(tmp_path):
    stopping = COUNTING_TRAINER + "        if chunk.index == 1:\n            return\n"
    outcome = execute(make_job(tmp_path, with_training(stopping)))
    assert outcome.score["bytes"] == 16_384
    assert outcome.manifest.training["stopped_reason"] == "returned"
    assert outcome.manifest.training["commits"] == 2


@pytest.mark.long
def test_a_learner_that_sleeps_past_the_wall_clock_is_scored_with_its_last_commit(tmp_path):
    sleepy = (
        "import time\n" + COUNTING_TRAINER + "        if chunk.index == 1:\n            time.sleep(600)\n"
    )
    outcome = execute(make_job(tmp_path, with_training(sleepy), limits=Limits(wall_seconds=4)))
    assert outcome.manifest.verdict == "scored"
    assert outcome.manifest.training["stopped_reason"] == "wall_clock"
    assert outcome.score["bytes"] == 16_384


def test_a_learner_that_ignores_sigterm_and_spins_is_ended(tmp_path):
    stubborn = """
import signal


def train(ctx):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        pass
"""
    outcome = execute(make_job(tmp_path, with_training(stubborn), limits=Limits(wall_seconds=2)))
    assert outcome.manifest.training["stopped_reason"] == "wall_clock"
    assert processes_naming(tmp_path) == []


def test_a_learner_that_raises_fails_with_its_traceback(tmp_path):
    outcome = execute(make_job(tmp_path, with_training("def train(ctx):\n    raise ValueError('no luck')\n")))
    assert (outcome.status, outcome.manifest.verdict, outcome.manifest.code) == (2, "failed", "learner_error")
    assert "no luck" in outcome.manifest.reason
    assert "training.py" in outcome.manifest.traceback
    assert outcome.manifest.score is None


@pytest.mark.long
def test_an_import_error_in_training_code_fails_with_its_traceback(tmp_path):
    outcome = execute(
        make_job(tmp_path, with_training("import does_not_exist\n\ndef train(ctx):\n    pass\n"))
    )
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "learner_error")
    assert "does_not_exist" in outcome.manifest.traceback


@pytest.mark.parametrize(
    "ending",
    [
        "import os\n    os._exit(7)",
        pytest.param("import os, signal\n    os.kill(os.getpid(), 9)", marks=pytest.mark.long),
    ],
)
def test_a_learner_that_dies_without_a_word_fails(tmp_path, ending):
    outcome = execute(make_job(tmp_path, with_training(f"def train(ctx):\n    {ending}\n")))
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "learner_died")
    assert "exited with 7" in outcome.manifest.reason or "signal 9" in outcome.manifest.reason


@pytest.mark.long
def test_a_learner_that_commits_a_different_model_fails(tmp_path):
    other = """
import torch


def train(ctx):
    for chunk in ctx.stream(torch.nn.Linear(3, 3)):
        pass
"""
    outcome = execute(make_job(tmp_path, with_training(other)))
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "model_mismatch")
    assert "table" in outcome.manifest.reason


@pytest.mark.long
def test_a_learner_that_writes_the_slot_after_its_last_commit_changes_nothing(tmp_path):
    honest = execute(make_job(tmp_path / "honest", HONEST))
    scribbling = COUNTING_TRAINER.replace(
        "    for chunk in ctx.stream(model):",
        "    for chunk in ctx.stream(model):\n"
        "        ctx._door.memory[:] = bytes(len(ctx._door.memory))  # between commits",
    )
    assert execute(make_job(tmp_path / "other", with_training(scribbling))).bpb == honest.bpb


@pytest.mark.long
def test_a_child_that_talks_nonsense_on_the_wire_fails(tmp_path):
    rude = "def train(ctx):\n    ctx._door.channel.socket.send(b'\\xff' * 64)\n"
    outcome = execute(make_job(tmp_path, with_training(rude)))
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "learner_error")


@pytest.mark.long
def test_flooded_output_is_capped_and_said_so(tmp_path):
    noisy = "def train(ctx):\n    for _ in range(4000):\n        print('x' * 1000)\n"
    outcome = execute(make_job(tmp_path, with_training(noisy)))
    assert outcome.manifest.verdict == "scored"
    assert (outcome.folder / "learner.log").stat().st_size < 1_100_000
    assert "not kept" in outcome.log


def test_processes_that_a_learner_leaves_behind_are_ended(tmp_path):
    leaving = (
        "import subprocess\n\ndef train(ctx):\n"
        "    subprocess.Popen(['/bin/sleep', '300'], start_new_session=True)\n"
    )
    outcome = execute(make_job(tmp_path, with_training(leaving), sandbox="off"))
    assert outcome.manifest.verdict == "scored"
    assert processes_naming(tmp_path) == []


@pytest.mark.long
def test_committed_weights_end_as_safetensors(tmp_path):
    from safetensors.numpy import load_file

    outcome = execute(make_job(tmp_path, HONEST))
    table = load_file(outcome.folder / "final.safetensors")["table"]
    assert table.shape == (256, 256)
    t, h, q = Relabelling(bytes.fromhex("5e" * 32), "submission", 256).apply(np.array([*b"thq"], np.int32))
    assert table[t, h] > table[t, q]


def test_a_changed_stream_stops_the_run_before_it_starts(tmp_path):
    job = make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": IDLE_TRAINER})
    path = Path(job.stream.path)
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    outcome = execute(job)
    assert outcome.status == 3
    assert outcome.manifest is None
    assert outcome.lines == [
        {"type": "error", "code": "data_stream_changed", "reason": outcome.lines[0]["reason"]}
    ]
