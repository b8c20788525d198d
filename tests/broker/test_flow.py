"""Submissions through the whole house with a broker process at its end."""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluations import reconcile
from evaluations.attempts import lose
from evaluations.backends import folders, local
from evaluations.backends.broker import token
from evaluations.backends.prepare import BUNDLE, JOB
from evaluations.enums import AttemptState, RunState, Stage
from evaluations.models import Attempt, CurvePoint, Run, Submission
from evaluations.runner.job import Job
from evaluations.tasks import launch_tick, reconcile_tick
from prism_site.config import env, override_env
from prism_site.policy.resolve import set_policy
from tests.broker.conftest import RunningBroker
from tests.broker.jobs import IMAGE, SLUG, TOKEN
from tests.evaluations import world
from tests.runner.harness import execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def settings(host: Path, broker: RunningBroker) -> Iterator[RunningBroker]:
    """An installation whose runs go to the broker."""
    with override_env(
        execution_backend="broker",
        docker_broker_url=broker.url,
        docker_broker_token=TOKEN,
        docker_broker_slug=SLUG,
        platform_eval_image=IMAGE,
    ):
        set_policy("sandbox_limits", {"docker_enabled": True}, by="test")
        world.small_runs()
        yield broker
        for label in folders.marked():
            local.stop(folders.folder_of(label))


def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def concluded() -> bool:
    reconcile_tick()
    return not Attempt.objects.filter(state__in=[AttemptState.LEASED, AttemptState.RUNNING]).exists()


def told(submission: Submission) -> str:
    """Why the submission waits again, as its history says."""
    submission.refresh_from_db()
    assert submission.stage == Stage.QUEUED
    return str(submission.events.order_by("-sequence")[0].reason_code)


@pytest.mark.slow
def test_a_submission_scored_through_the_broker_is_scored_as_here(
    settings: RunningBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    submission = world.queued()
    assert launch_tick()
    attempt = Attempt.objects.get()
    folder = folders.folder_of(attempt.label)
    bundle = shutil.copytree(folder / BUNDLE, tmp_path / "bundle")
    job = Job.read(folder / JOB)
    job = replace(job, bundle=replace(job.bundle, folder=str(bundle)), output_folder=str(tmp_path / "here"))
    wait_for(concluded, seconds=240)

    run = Run.objects.get()
    submission.refresh_from_db()
    assert (run.state, run.verdict, submission.stage) == (RunState.FINISHED, "scored", Stage.SCORING)
    here = execute(job).manifest
    assert here is not None
    assert run.manifest is not None
    for part in ("score", "curve", "heldout", "audit"):
        assert run.manifest[part] == json.loads(json.dumps(getattr(here, part))), part
    assert CurvePoint.objects.filter(attempt=attempt).count() == len(run.manifest["curve"]["bits"])
    assert {path.name for path in folder.iterdir()} <= folders.KEPT
    assert (folder / "final.safetensors").read_bytes() == (tmp_path / "here/final.safetensors").read_bytes()
    assert len(settings.asked("run")) == 1
    assert settings.asked("list") != []
    assert folders.marked() == []
    written = [path for path in env().var_dir.rglob("*") if path.is_file() and path != token.path()]
    assert all(TOKEN.encode() not in path.read_bytes() for path in [*written, *folder.iterdir()])
    assert TOKEN not in caplog.text


def test_what_the_broker_refuses_waits_for_another_attempt(settings: RunningBroker) -> None:
    settings.let(run=["refuse"])
    submission = world.queued()
    assert launch_tick()
    wait_for(concluded, seconds=120)
    attempt, run = Attempt.objects.get(), Run.objects.get()
    assert (attempt.state, attempt.reason) == (AttemptState.LOST, "broker_refused")
    assert (run.state, run.attempts_made) == (RunState.QUEUED, 0)
    assert told(submission) == "broker_refused"


def test_a_refused_token_is_a_fault_of_the_host_which_then_rests(settings: RunningBroker) -> None:
    settings.knows(**{SLUG: "another"})
    submission = world.queued()
    assert launch_tick()
    wait_for(concluded, seconds=120)
    assert told(submission) == "broker_token"
    assert Run.objects.get().attempts_made == 0
    assert not launch_tick()
    assert len(folders.marked()) == 1
    settings.knows(**{SLUG: TOKEN})
    reconcile.sweep_folders()
    assert folders.marked() == []


def test_a_job_of_an_attempt_that_is_over_is_ended_at_the_broker(settings: RunningBroker) -> None:
    world.queued()
    assert launch_tick()
    wait_for(lambda: settings.asked("run") != [], seconds=120)
    lose(Attempt.objects.get(), reason="lease_expired")
    reconcile.sweep_folders()
    assert settings.asked("cleanup") != []
    assert folders.marked() == []
