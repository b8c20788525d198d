"""Training for an architecture that another hotkey sent: from its upload to the files that are run."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from evaluations.backends.prepare import JOB, prepare
from evaluations.enums import RunState, Stage, Status
from evaluations.intake.accept import Upload, accept_upload
from evaluations.intake.bundle import pack
from evaluations.models import Run, Submission
from evaluations.runner.job import Job
from evaluations.yardsticks import request_yardsticks
from prism_site import pipeline
from prism_site.policy.resolve import resolve_policy
from reviews.models import Review
from scoring.models import Family
from tests import factories
from tests.evaluations import world
from tests.evaluations.conftest import host, text_folder

__all__ = ["host", "text_folder"]

pytestmark = pytest.mark.django_db
BOB = factories.make_hotkey("bob")
TRAINING = world.TRAINING + "LR = 0.01\n"


@pytest.fixture(autouse=True)
def _texts(host: Path) -> Iterator[None]:
    world.small_runs()
    return iter(())


@pytest.fixture
def family() -> Family:
    """Alice's, with one scored submission."""
    advance(world.queued())
    attempt = factories.start(Run.objects.get())
    factories.make_points(attempt, len(factories.chunk_ends()))
    factories.finish(attempt)
    assert attempt.run.submission is not None
    advance(attempt.run.submission)
    return Family.objects.get()


def advance(submission: Submission) -> Submission:
    while pipeline.advance(str(submission.pk)):
        pass
    submission.refresh_from_db()
    return submission


def send(family_id: object, *, manifest: str = "", **files: str) -> Submission:
    """Bob's training goes through every review but the description."""
    named = {name.replace("_py", ".py"): text.encode() for name, text in files.items()}
    head = f"kind: training_for_arch\narchitecture_id: '{family_id}'\n"
    archive = pack({"training.py": TRAINING.encode(), **named, "prism.yaml": (head + manifest).encode()})
    upload = Upload(archive=archive, body_sha256="", hotkey=BOB, nonce=None, by=f"miner:{BOB}")
    submission = accept_upload(upload, now=timezone.now()).submission
    world.pass_reviews(submission, Review.Reviewer.DESCRIBE)
    return advance(submission)


def prepared(run: Run) -> tuple[Job, dict[str, str]]:
    """The job of a run, and the files that lie ready for it."""
    job = Job.read(prepare(factories.start(run), resolve_policy(official=False)) / JOB)
    folder = Path(job.bundle.folder)
    return job, {path.name: path.read_text() for path in folder.iterdir() if path.suffix == ".py"}


def test_it_is_reviewed_and_run_with_the_architecture_that_it_names(family: Family) -> None:
    submission = send(family.pk)
    assert (submission.stage, submission.trains_for) == (Stage.QUEUED, family.canonical)
    assert not submission.reviews.exclude(outcome=Review.Outcome.PASS).exists()
    job, files = prepared(submission.runs.get())
    assert files == {"architecture.py": world.ARCHITECTURE, "training.py": TRAINING}
    assert (job.bundle.training, job.submission_id) == ("training.py", str(submission.pk))


def test_architecture_of_its_own_is_not_run(family: Family) -> None:
    submission = send(family.pk, architecture_py="def build_model(ctx):\n    return None\n")
    _, files = prepared(submission.runs.get())
    assert files["architecture.py"] == world.ARCHITECTURE


def test_its_reference_is_that_of_the_family(family: Family) -> None:
    policy, submission = resolve_policy(official=False), send(family.pk)
    of_family = request_yardsticks(family.canonical, policy)
    assert request_yardsticks(submission, policy) == of_family
    Run.objects.filter(submission=submission).update(state=RunState.RUNNING)
    _, files = prepared(of_family.reference[0])
    assert files == {"architecture.py": world.ARCHITECTURE}


@pytest.mark.parametrize("unknown", [uuid.uuid4(), "no-such-family"])
def test_a_family_that_does_not_exist_rejects_it(unknown: object) -> None:
    submission = send(unknown)
    assert (submission.status, submission.reason_code) == (Status.REJECTED, "family_unknown")


def test_training_in_a_file_of_the_architecture_rejects_it(family: Family) -> None:
    manifest = "training: {files: [architecture.py]}\n"
    submission = send(family.pk, manifest=manifest, architecture_py="x = 1\n")
    assert (submission.status, submission.reason_code) == (Status.REJECTED, "family_file_clash")


def test_a_family_that_gets_better_does_not_change_what_it_is_run_with(family: Family) -> None:
    submission = send(family.pk)
    advance(submission)
    canonical, family.canonical = family.canonical, submission
    family.save(update_fields=["canonical"])
    later = send(family.pk, extra_py="y = 1\n")
    submission.refresh_from_db()
    assert (submission.trains_for, later.trains_for) == (canonical, canonical)
