"""What was backed up stands again on a clean machine: the same answers, byte for byte, on either database."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from evaluations import attempts
from evaluations.backends import folders
from evaluations.enums import AttemptState, RunState, Stage
from evaluations.models import Attempt, Run, Submission
from evaluations.restored import fence_at
from prism_site.backup import postgresql
from prism_site.backup.errors import BackupRefused
from prism_site.backup.restoring import restore
from prism_site.backup.taking import take
from prism_site.config import env, override_env
from prism_site.restorations.models import Restoration
from scoring.models import WeightSnapshot
from scoring.snapshots import snapshot_epochs
from tests import factories
from tests.evaluations.conftest import shared_database

__all__ = ["shared_database"]

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "the platform's token"
SECRET = "a secret of the installation"
GOING_ON = (Stage.QUEUED, Stage.EVALUATING)  # what was running waits again after a restore


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, shared_database: None) -> Iterator[Path]:
    with override_env(var_dir=tmp_path / "one", artifact_dir=None, shared_token=TOKEN):
        yield tmp_path


@pytest.fixture
def world() -> Submission:
    """Scores, a hold, a refusal, a snapshot, an operator, and a run that is going on."""
    score = factories.make_completed(ease=1.0)
    factories.make_completed(ease=1.3)
    factories.make_held()
    factories.make_refused()
    _end_the_epoch_of(score.pk)
    snapshot_epochs()
    User.objects.create_user("operator", password="correct horse battery staple")
    leave_artifacts(Attempt.objects.filter(state=AttemptState.FINISHED))
    (env().var_dir / "secrets").mkdir(parents=True)
    (env().var_dir / "secrets" / "run_secret").write_text(SECRET)
    return Submission.objects.get(pk=factories.make_evaluating().run.submission_id)


def _end_the_epoch_of(submission_id: Any) -> None:
    past = timezone.now() - timedelta(seconds=env().epoch_seconds)
    Submission.objects.filter(pk=submission_id).update(created_at=past)


def leave_artifacts(done: Any) -> None:
    for attempt in done:
        folder = folders.folder_of(attempt.label)
        (folder / "workspace").mkdir(parents=True)
        (folder / "curve.npz").write_bytes(attempt.label.encode() * 50)
        (folder / "workspace" / "scratch").write_text("need not be kept")


def answers() -> dict[str, Any]:
    """What the world and the platform read."""
    client = Client()
    submissions = sorted(
        map(str, Submission.objects.exclude(stage__in=GOING_ON).values_list("pk", flat=True))
    )
    epochs = WeightSnapshot.objects.order_by("epoch").values_list("epoch", flat=True)
    paths = ["/v1/leaderboard", "/v1/architectures", *(f"/v1/epochs/{epoch}/weights" for epoch in epochs)]
    paths += [f"/v1/submissions/{each}" for each in submissions]
    found = {path: client.get(path).content for path in paths}
    for path in ("/internal/v1/get_weights", "/internal/v1/weights/preview"):
        answer = client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        found[path] = {key: value for key, value in answer.json().items() if key != "computed_at"}
        assert answer.status_code == 200, answer.content
    return found


@pytest.fixture
def clean_machine(installation: Path) -> Iterator[Any]:
    """From the call on: another `var/`, and a database without a single table."""
    moved = []

    def move() -> None:
        if connection.vendor == "sqlite":
            moved.append(connections.settings["default"]["NAME"])
            _lead_to(str(installation / "two.sqlite3"))
        else:
            with connection.cursor() as cursor:
                postgresql._drop_all(cursor)

    with override_env(var_dir=installation / "one"):
        yield move
    for name in moved:
        _lead_to(name)


def _lead_to(name: str) -> None:
    connections["default"].close()
    del connections["default"]
    connections.settings["default"]["NAME"] = name


def test_a_clean_machine_gives_the_same_answers(world: Submission, installation: Path, clean_machine) -> None:
    before, archive = answers(), installation / "backup.tar.gz"
    take(archive, now=timezone.now())
    clean_machine()
    with override_env(var_dir=installation / "two", artifact_dir=None, shared_token=TOKEN):
        restored = restore(archive)
        assert answers() == before
        assert restored.artifacts == 2
        for attempt in Attempt.objects.filter(state=AttemptState.FINISHED):
            folder = folders.folder_of(attempt.label)
            assert (folder / "curve.npz").read_bytes() == attempt.label.encode() * 50
            assert not (folder / "workspace").exists()
        assert Client().login(username="operator", password="correct horse battery staple")
        assert factories.make_submission().pk  # numbers of new rows go on after the old ones
        assert sorted(path.name for path in env().artifact_path.iterdir() if path.name.startswith(".")) == []


def test_attempts_from_before_are_void_and_their_runs_wait_again(
    world: Submission, installation: Path
) -> None:
    archive = installation / "backup.tar.gz"
    take(archive, now=timezone.now())
    run = Run.objects.get(submission=world)
    factories.lose(run.attempts.get())
    zombie = factories.start(run)  # the second attempt, which the backup knows nothing of
    began = timezone.now()
    restore(archive, force=True)

    run.refresh_from_db()
    first = run.attempts.get()
    assert (run.state, first.state, first.reason) == (RunState.QUEUED, AttemptState.LOST, "restored")
    assert run.fencing_token >= fence_at(began)
    world.refresh_from_db()
    assert world.stage == Stage.QUEUED
    assert world.events.last().reason_code == "restored"

    second = factories.start(run)
    manifest = factories.manifest_of(zombie)
    assert not attempts.renew(zombie, handle={})
    assert not attempts.finish(zombie, manifest=manifest, exit_code=0)
    assert not attempts.lose(zombie, reason="job_gone")
    assert second.label != zombie.label
    second.refresh_from_db()
    assert second.state == AttemptState.RUNNING


@pytest.mark.slow
def test_a_second_restore_of_the_same_backup_has_a_higher_fence(
    world: Submission, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, now = installation / "backup.tar.gz", timezone.now()
    take(archive, now=now)
    restore(archive, force=True)
    between = factories.start(Run.objects.get(submission=world))
    monkeypatch.setattr("prism_site.backup.restoring.timezone.now", lambda: now + timedelta(seconds=30))
    restore(archive, force=True)
    again = factories.start(Run.objects.get(submission=world))
    assert again.fencing_token > between.fencing_token


def test_an_epoch_that_ended_between_backup_and_restore_is_not_written_down_anew(world: Submission) -> None:
    snapshot_epochs()
    newest = WeightSnapshot.objects.order_by("-epoch").values_list("epoch", flat=True).first()
    seconds = env().epoch_seconds
    later = WeightSnapshot.objects.get(epoch=newest).ends_at + timedelta(seconds=3.5 * seconds)
    Restoration.objects.create(
        backup_taken_at=later - timedelta(seconds=3 * seconds),
        restored_at=later,
        manifest_sha256="a" * 64,
        fence=1,
    )
    from scoring import snapshots

    following = snapshots._following()
    assert following is not None
    assert following.epoch_id == newest + 4 * seconds
    assert following.starts_at <= later < following.ends_at


@pytest.mark.slow
def test_nothing_is_restored_over_somebodys_work(world: Submission, installation: Path) -> None:
    archive = installation / "backup.tar.gz"
    take(archive, now=timezone.now())
    later = factories.make_submission()
    assert code_of(lambda: restore(archive)) == "installation_not_empty"
    assert Submission.objects.filter(pk=later.pk).exists()
    restore(archive, force=True)
    assert not Submission.objects.filter(pk=later.pk).exists()


@pytest.mark.slow
def test_weights_that_are_final_here_are_not_given_up_by_force_alone(
    world: Submission, installation: Path
) -> None:
    archive = installation / "backup.tar.gz"
    taken = [*WeightSnapshot.objects.order_by("epoch")]
    manifest = take(archive, now=timezone.now())
    assert manifest.final_until == taken[-1].ends_at
    _write_down_one_more(taken[-1])
    assert code_of(lambda: restore(archive, force=True)) == "backup_goes_backward"
    assert WeightSnapshot.objects.count() == len(taken) + 1
    restore(archive, force=True, backward=True)
    assert WeightSnapshot.objects.count() == len(taken)


def _write_down_one_more(last: WeightSnapshot) -> None:
    later = {"epoch": last.epoch + last.epoch_seconds, "pk": None}
    later |= {
        name: getattr(last, name) + timedelta(seconds=last.epoch_seconds) for name in ("ends_at", "taken_at")
    }
    fields = {field.name: getattr(last, field.name) for field in WeightSnapshot._meta.concrete_fields}
    fields.pop("id")
    WeightSnapshot.objects.create(**{**fields, **later, "taken_late": True})


def test_secrets_sign_ins_and_queue_messages_are_not_in_the_archive(
    world: Submission, installation: Path
) -> None:
    client = Client()
    assert client.login(username="operator", password="correct horse battery staple")
    session = client.cookies["sessionid"].value
    archive = installation / "backup.tar.gz"
    take(archive, now=timezone.now())
    assert archive.stat().st_mode & 0o777 == 0o600
    content = _plain(archive)
    assert SECRET.encode() not in content
    assert TOKEN.encode() not in content
    assert session.encode() not in content
    assert str(world.pk).encode() in content or world.pk.bytes in content or world.pk.hex.encode() in content


def _plain(archive: Path) -> bytes:
    import gzip

    return gzip.decompress(archive.read_bytes())


@pytest.mark.slow
def test_an_archive_of_another_version_is_refused(
    world: Submission, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prism_site.backup import taking

    archive, dump = installation / "backup.tar.gz", taking._dump

    def of_tomorrow(folder: Path) -> Any:
        snapshot = dump(folder)
        snapshot.migrations.append(("evaluations", "9999_of_tomorrow"))
        return snapshot

    monkeypatch.setattr(taking, "_dump", of_tomorrow)
    take(archive, now=timezone.now())
    assert code_of(lambda: restore(archive, force=True)) == "backup_too_new"


@pytest.mark.slow
def test_a_backup_is_never_overwritten(world: Submission, installation: Path) -> None:
    archive = installation / "backup.tar.gz"
    archive.write_text("older")
    assert code_of(lambda: take(archive, now=timezone.now())) == "backup_exists"
    assert archive.read_text() == "older"


@pytest.mark.slow
def test_the_commands_say_what_they_did_and_what_is_not_in_it(world: Submission, installation: Path) -> None:
    said = io.StringIO()
    call_command("backup", stdout=said)
    (archive,) = (env().var_dir / "backups").iterdir()
    assert str(env().var_dir / "secrets") in said.getvalue()
    call_command("restore", str(archive), "--check", stdout=said)
    assert "sound" in said.getvalue()
    with pytest.raises(CommandError, match="installation_not_empty"):
        call_command("restore", str(archive))
    call_command("restore", str(archive), "--force", stdout=said)
    assert "1 attempts void" in said.getvalue()


def code_of(act: Any) -> str:
    with pytest.raises(BackupRefused) as refused:
        act()
    return refused.value.code


@pytest.mark.slow
def test_the_history_says_that_it_was_restored(world: Submission, installation: Path) -> None:
    archive = installation / "backup.tar.gz"
    take(archive, now=timezone.now())
    restore(archive, force=True)
    (noted,) = Restoration.objects.all()
    assert noted.backup_taken_at <= noted.restored_at
    assert json.dumps(noted.manifest_sha256)
