"""Children that stop, feign death or lose their referee: none outlives the run, none holds it up."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evaluations.runner.job import Limits
from tests.runner.harness import ROOT, TABLE_MODEL, execute, make_job


def with_training(body):
    return {"architecture.py": TABLE_MODEL, "training.py": f"def train(ctx):\n    {body}\n"}


def alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_learner_that_stops_itself_is_ended_by_the_wall_clock(tmp_path):
    stopping = with_training("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    outcome = execute(make_job(tmp_path, stopping, limits=Limits(wall_seconds=2)))
    assert outcome.manifest.training["stopped_reason"] == "wall_clock"


@pytest.mark.long
def test_a_learner_cannot_feign_its_death(tmp_path):
    """Traced by its parent and stopped, a process looks dead to whoever waits for it, and lives."""
    feigning = with_training("import ctypes; assert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == -1")
    assert execute(make_job(tmp_path, feigning)).manifest.verdict == "scored"


def test_children_die_with_a_referee_that_is_killed(tmp_path):
    telling = "import os, time; print('PID', os.getpid(), flush=True); time.sleep(300)"
    job = make_job(tmp_path, with_training(telling))
    path = Path(job.output_folder).with_suffix(".json")
    path.write_text(job.to_json())
    log = Path(job.output_folder) / "learner.log"
    command = [sys.executable, "-m", "evaluations.runner", "run", str(path)]
    referee = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        pid = int(
            waited_for(lambda: log.exists() and "PID" in log.read_text() and log.read_text().split()[1])
        )
    finally:
        os.kill(referee.pid, signal.SIGKILL)
        referee.wait()
    assert waited_for(lambda: not alive(pid))


@pytest.mark.long
def test_a_slot_that_the_learner_resizes_is_its_own_failure(tmp_path):
    resizing = (
        "import os, threading\n\n\n"
        "def forever():\n"
        "    while True:\n"
        "        for number in range(3, 64):\n"
        "            try:\n                os.ftruncate(number, 0)\n"
        "            except OSError:\n                pass\n\n\n"
        "threading.Thread(target=forever, daemon=True).start()\n\n\n"
        "def train(ctx):\n    return\n"
    )
    outcome = execute(make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": resizing}))
    assert outcome.status in (0, 2), json.dumps(outcome.lines)
    assert outcome.manifest.code in ("scored", "learner_error")


def waited_for(condition):
    """The first true answer within a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not happen")
