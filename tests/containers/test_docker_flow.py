"""Submissions whose runs are containers: rows and engine are brought together, whatever happens to either."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from evaluations.backends import folders
from evaluations.backends.docker import backend as module
from evaluations.backends.docker.backend import DockerBackend
from evaluations.backends.jobs import JobState
from evaluations.enums import AttemptState, RunState, Stage, Status
from evaluations.models import Attempt, Run, Submission
from evaluations.tasks import launch_tick, reconcile_tick
from prism_site.config import Environment, override_env
from prism_site.policy.resolve import set_policy
from tests.containers.conftest import PYTHON, empty_root, image_id
from tests.containers.engine import NoEngine, OwnEngine, own_engine
from tests.evaluations import world

pytestmark = pytest.mark.django_db

DEADLINE_SECONDS = 240
SLEEP = "import time; time.sleep(200)"


@pytest.fixture
def host(engine: None, tmp_path: Path, text_of_runs: Path) -> Iterator[Path]:
    """An installation whose runs go to the engine; what is left of them goes with the test."""
    places = {"var_dir": tmp_path / "var", "artifact_dir": tmp_path / "artifacts"}
    with override_env(data_dir=text_of_runs, execution_backend="docker", **places):
        world.small_runs()
        set_policy("sandbox_limits", {"docker_enabled": True, "cpus": 2.0}, by="test")
        yield tmp_path
        for label in DockerBackend().strays():
            DockerBackend().clean(label)


@pytest.fixture(scope="session")
def text_of_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.prepare_text(tmp_path_factory.mktemp("text"))


@pytest.fixture
def sleeping(
    host: Path, bare_image: str, installed_inside: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Runs sleep in place of training."""
    monkeypatch.setattr(module, "COMMAND", [PYTHON, "-c", SLEEP])
    with using(image_id(bare_image)):
        yield


def using(image: str) -> AbstractContextManager[Environment]:
    return override_env(platform_eval_image=image, docker_allowed_images=image)


def launched() -> Attempt:
    assert launch_tick()
    attempt = Attempt.objects.latest("pk")
    assert attempt.state == AttemptState.LEASED, attempt.reason
    return attempt


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_killed_container_gives_its_run_another_turn(sleeping: None) -> None:
    submission = world.queued()
    attempt = launched()
    reconcile_tick()
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.RUNNING
    assert attempt.handle["name"] == f"prism-{attempt.label}"
    assert attempt.image.startswith("sha256:")
    subprocess.run(["docker", "kill", attempt.handle["name"]], check=True, capture_output=True)
    wait_until(lambda: DockerBackend().poll(attempt.label).state is JobState.ENDED)
    reconcile_tick()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.reason, attempt.exit_code) == (AttemptState.LOST, "container_killed", -9)
    submission.refresh_from_db()
    assert (submission.status, submission.stage) == (Status.PENDING, Stage.QUEUED)
    assert DockerBackend().strays() == []
    assert launched().fencing_token == 2


def test_a_container_whose_fence_is_old_is_removed_by_its_label(sleeping: None) -> None:
    world.queued()
    attempt = launched()
    folders.clean(attempt.label)  # neither mark nor folder leads there any more
    assert folders.marked() == []
    reconcile_tick()
    assert DockerBackend().strays() == [attempt.label]
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.LOST, ended_at=Now())
    reconcile_tick()
    assert DockerBackend().strays() == []


def test_an_image_that_is_not_allowed_costs_no_attempt(host: Path, bare_image: str) -> None:
    world.queued()
    with override_env(platform_eval_image=image_id(bare_image), docker_allowed_images=""):
        assert launch_tick()
    assert Attempt.objects.get().reason == "image_not_allowed"
    assert Run.objects.get().attempts_made == 0
    assert not launch_tick()  # the host rests


def test_policy_decides_whether_runs_go_to_an_engine_at_all(host: Path) -> None:
    set_policy("sandbox_limits", {"docker_enabled": False}, by="test")
    submission = world.queued()
    assert not launch_tick()
    assert submission.events.filter(verb="wait").get().reason_code == "containers_disabled"


@pytest.fixture
def mortal_engine() -> Iterator[OwnEngine]:
    """An engine that a test may kill."""
    with ExitStack() as stack:
        try:
            mortal = stack.enter_context(own_engine())
        except NoEngine as error:
            pytest.skip(str(error))
        yield mortal


@pytest.mark.long
def test_an_engine_that_goes_away_costs_no_attempt_and_its_containers_are_removed_later(
    sleeping: None, mortal_engine: OwnEngine
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", mortal_engine.address)
        lose_the_engine(mortal_engine)


def lose_the_engine(engine: OwnEngine) -> None:
    made = subprocess.run(["docker", "import", "-"], input=empty_root(), capture_output=True, check=True)
    with using(made.stdout.decode().strip()):
        submission = world.queued()
        attempt = launched()
        reconcile_tick()
        engine.kill()
        reconcile_tick()
        attempt.refresh_from_db()
        assert attempt.state == AttemptState.RUNNING  # nobody knows yet
        Attempt.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
        reconcile_tick()
        attempt.refresh_from_db()
        assert (attempt.state, attempt.reason) == (AttemptState.LOST, "host_engine_unavailable")
        assert Run.objects.get().attempts_made == 0
        submission.refresh_from_db()
        assert submission.stage == Stage.QUEUED
        assert folders.marked() == [attempt.label]
        engine.start()
        reconcile_tick()
        assert DockerBackend().strays() == folders.marked() == []


@pytest.mark.long
def test_a_submission_is_scored_in_the_evaluators_image_as_without(host: Path, evaluator_image: str) -> None:
    with using(evaluator_image):
        contained = scored()
    with override_env(execution_backend="local"):
        bare = scored()
    assert contained.manifest is not None
    assert bare.manifest is not None
    assert contained.manifest["score"] == bare.manifest["score"]
    assert (contained.manifest["run"]["backend"], bare.manifest["run"]["backend"]) == ("docker", "local")
    layers = [
        manifest["integrity"]["sandbox"]["learner"]["layers"]
        for manifest in (contained.manifest, bare.manifest)
    ]
    assert layers[0] == layers[1]
    assert Attempt.objects.get(run=contained).image == evaluator_image
    assert contained.attempts.get().points.count() == bare.attempts.get().points.count() > 1


def scored() -> Run:
    """The finished run of one more submission."""
    submission: Submission = world.queued(training=world.TRAINING + f"#{Run.objects.count()}\n")
    launched()

    def ended() -> bool:
        reconcile_tick()
        return Run.objects.get(submission=submission).state != RunState.RUNNING

    wait_until(ended)
    run = Run.objects.get(submission=submission)
    assert run.state == RunState.FINISHED, Attempt.objects.get(run=run).reason
    return run
