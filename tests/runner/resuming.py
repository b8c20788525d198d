"""Runs that are killed on the way and taken up again, as a host does it that failed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluations.runner.checkpoint_store import FOLDER
from evaluations.runner.job import Job
from tests.runner.harness import ROOT, Outcome, execute


def killed_after(job: Job, chunk: int) -> list[dict[str, Any]]:
    """Run a job and kill the referee with all it started once chunk `chunk` is scored; give its progress."""
    path = Path(job.output_folder).with_suffix(".json")
    path.write_text(job.to_json())
    command = [sys.executable, "-m", "evaluations.runner", "run", str(path)]
    lines: list[dict[str, Any]] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as referee:
        assert referee.stdout is not None
        for text in referee.stdout:
            lines.append(json.loads(text))
            if lines[-1].get("index") == chunk:
                os.kill(referee.pid, signal.SIGKILL)
                break
    assert referee.returncode == -signal.SIGKILL, lines
    return lines


def next_attempt(job: Job, number: int) -> Job:
    """The same run in a folder of its own, with what the attempt before kept."""
    before, after = Path(job.output_folder), Path(job.output_folder).with_name(f"attempt{number}")
    after.mkdir()
    if (before / FOLDER).exists():
        shutil.move(before / FOLDER, after / FOLDER)
    return replace(job, output_folder=str(after))


def resumed(job: Job, chunk: int, number: int = 2) -> Outcome:
    """Kill a job after a chunk, then let the next attempt bring it to its end."""
    killed_after(job, chunk)
    return execute(next_attempt(job, number))
