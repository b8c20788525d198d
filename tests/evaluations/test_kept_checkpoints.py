"""Between two attempts of a run: its checkpoints are set aside, handed over on the same host, thrown away."""

import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluations import attempts, claims
from evaluations.backends import folders, kept_checkpoints, local
from evaluations.backends.jobs import JobState
from evaluations.enums import AttemptState, Mode, RunState
from evaluations.models import Attempt, Run, Submission
from evaluations.runner.checkpoint_store import FOLDER
from evaluations.runner.job import Job
from evaluations.tasks import launch_tick, reconcile_tick
from prism_site.config import env
from tests.evaluations import world
from tests.runner.harness import execute

pytestmark = pytest.mark.django_db
DEADLINE_SECONDS = 240  # of a small run on a busy host

HOOKS = """
from prism_challenge.evaluator.interface import TrainingRecipe


def get_recipe(ctx):
    return TrainingRecipe(learning_rate=0.02)
"""


@pytest.fixture
def submission(host: Path) -> Submission:
    world.small_runs()
    return world.queued()


def claim(host: str = "here") -> Attempt:
    attempt = claims.claim(host=host, backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert attempt is not None
    return attempt


def lost(host: str = "here", *, reason: str = "job_died", output: str = "", exit_text: str = "") -> Attempt:
    """An attempt that left checkpoints and was lost and cleaned up after."""
    attempt = claim(host)
    folder = folders.folder_of(attempt.label)
    (folder / output / FOLDER / "at-3").mkdir(parents=True)
    (folder / output / FOLDER / "of").write_text(attempt.label)
    if exit_text:
        (folder / "exit.json").write_text(exit_text)
    attempts.lose(attempt, reason=reason)
    folders.clean(attempt.label)
    assert not (folder / output / FOLDER).exists()
    return attempt


def handed_over(host: str = "here") -> str | None:
    """Whose checkpoints the next attempt is given."""
    attempt = claim(host)
    folder = folders.folder_of(attempt.label)
    folder.mkdir()
    if not kept_checkpoints.hand_over(attempt, folder):
        return None
    return (folder / FOLDER / "of").read_text()


def aside() -> list[str]:
    folder = env().artifact_path / kept_checkpoints.ASIDE
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("output", ["", "output"])
def test_the_next_attempt_on_the_host_is_given_what_was_kept(submission: Submission, output: str) -> None:
    first = lost(output=output)
    assert aside() == [first.label]
    assert handed_over() == first.label
    assert aside() == []


def test_of_several_the_newest_is_given_and_no_other_stays(submission: Submission) -> None:
    lost()
    second = lost()
    assert handed_over() == second.label
    assert aside() == []


def test_another_host_is_given_nothing(submission: Submission) -> None:
    lost()
    assert handed_over("elsewhere") is None


@pytest.mark.parametrize("reason", sorted(kept_checkpoints.NOT_GONE_ON_FROM))
def test_what_another_try_would_not_mend_is_not_gone_on_from(submission: Submission, reason: str) -> None:
    lost(reason=reason)
    assert handed_over() is None
    assert aside() == []


def test_a_run_that_took_too_long_keeps_nothing(submission: Submission) -> None:
    lost(exit_text='{"exit_code": -9, "limit_passed": true}')
    assert aside() == []


def test_a_link_is_not_followed(submission: Submission, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    attempt = claim()
    folder = folders.folder_of(attempt.label)
    folder.mkdir(parents=True)
    (folder / FOLDER).symlink_to(tmp_path / "elsewhere")
    kept_checkpoints.set_aside(attempt.label, folder)
    assert aside() == []
    assert (tmp_path / "elsewhere").is_dir()


def test_what_no_attempt_will_ask_for_is_thrown_away(submission: Submission) -> None:
    lost()
    kept_checkpoints.throw_away()
    assert len(aside()) == 1
    Run.objects.update(state=RunState.ABANDONED)
    kept_checkpoints.throw_away()
    assert aside() == []


@pytest.mark.slow
def test_a_run_whose_referee_is_killed_goes_on_and_scores_the_same(
    host: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.small_runs()
    world.queued(training=HOOKS)
    first = launched(monkeypatch, "tests.runner.killed", "scored", "3")
    undisturbed = copy_of(first, tmp_path / "undisturbed")
    ended(first)
    assert (first.state, first.reason) == (AttemptState.LOST, "job_died")
    second = launched(monkeypatch, "evaluations.runner")
    ended(second)
    manifest: dict[str, Any] | None = Run.objects.get().manifest
    assert manifest is not None
    assert manifest["run"]["resumed"]["chunks"] == [2]
    assert manifest["score"] == execute(undisturbed).score
    assert second.points.count() == len(manifest["curve"]["bytes"])
    assert aside() == []


@pytest.mark.long
def test_where_policy_wants_none_the_next_attempt_begins_anew(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.small_runs(checkpoints=0)
    world.queued(training=HOOKS)
    ended(launched(monkeypatch, "tests.runner.killed", "scored", "3"))
    ended(launched(monkeypatch, "evaluations.runner"))
    manifest = Run.objects.get().manifest
    assert manifest is not None
    assert (manifest["run"]["resumed"], manifest["run"]["checkpoints"]["taken"]) == (None, 0)


def launched(monkeypatch: pytest.MonkeyPatch, module: str, *more: str) -> Attempt:
    """Start the queued run with this referee."""
    verb = ["run"] if module == "evaluations.runner" else []
    monkeypatch.setattr(
        local, "referee_command", lambda job: [sys.executable, "-m", module, *verb, str(job), *more]
    )
    assert launch_tick()
    return Attempt.objects.latest("number")


def ended(attempt: Attempt) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while local.poll(folders.folder_of(attempt.label)) is not JobState.ENDED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reconcile_tick()
    attempt.refresh_from_db()


def copy_of(attempt: Attempt, folder: Path) -> Job:
    """The same job in another place."""
    job = Job.read(folders.folder_of(attempt.label) / "JOB.json")
    shutil.copytree(job.bundle.folder, folder / "bundle")
    bundle = replace(job.bundle, folder=str(folder / "bundle"))
    return replace(job, bundle=bundle, output_folder=str(folder / "out"))
