"""Runs whose referee is killed on the way, and the next attempt at them, as a host makes it."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluations.runner.checkpoint_store import FOLDER
from evaluations.runner.job import Job, Schedule
from tests.runner.harness import ROOT, TEXT, Outcome, execute, make_job

# Eight chunks; saved before chunks 2, 4 and 6.
SCHEDULE = Schedule(
    chunk_first_bytes=1024, chunk_growth=1.0, chunk_max_bytes=1024, sequence_length=32, score_fraction=1.0
)
CHECKPOINTS = 4
NOTED_5 = ("committed", 5)  # chunk 5 is scored and not revealed


def small_job(folder: Path, files: dict[str, str | bytes], **changes: Any) -> Job:
    return make_job(
        folder, files, data=TEXT[:8192], schedule=SCHEDULE, **{"checkpoints": CHECKPOINTS, **changes}
    )


def kill(job: Job, point: str, number: int) -> None:
    """Run a job whose referee dies there, and with it all it started."""
    path = Path(job.output_folder).with_suffix(".json")
    path.write_text(job.to_json())
    command = [sys.executable, "-m", "tests.runner.killed", str(path), point, str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def next_attempt(job: Job) -> Job:
    """The same run in a folder of its own, with what the referee of the attempt before kept."""
    before = Path(job.output_folder)
    after = before.with_name(before.name + "+")
    after.mkdir()
    if (before / FOLDER).exists():
        shutil.move(before / FOLDER, after / FOLDER)
    return replace(job, output_folder=str(after))


def killed_and_taken_up(job: Job, *points: tuple[str, int]) -> Outcome:
    """Kill one attempt after the other; give the outcome of the last, which nobody kills."""
    for point in points:
        kill(job, *point)
        job = next_attempt(job)
    return execute(job)
