"""Faults in the middle of writing: a crash between two statements, a full disk, the same message again."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from evaluations import attempts, claims, events, transitions
from evaluations.backends.hostile_files import FileRefused
from evaluations.backends.results import manifest_in
from evaluations.enums import Mode, Stage, Status
from evaluations.intake import accept
from evaluations.intake.accept import Receipt, Upload, accept_upload
from evaluations.intake.bundle import pack
from evaluations.models import Event, StoredBundle, Submission
from evaluations.runner.constants import MANIFEST_NAME
from evaluations.runner.manifest import ManifestInvalid
from prism_site import pipeline
from prism_site.access import nonces
from prism_site.access.models import Nonce
from prism_site.access.refusals import NonceReused
from prism_site.invariants import check_all
from scoring import actions as scoring
from scoring.models import Score
from tests.evaluations import world
from tests.factories import make_completed
from tests.faults.bypass import without
from tests.reviews.test_holds import waiting_for_score

pytestmark = pytest.mark.django_db(transaction=True)


class Crash(BaseException):
    """The process is gone: nothing catches it, and what was not committed is undone."""


@contextmanager
def crash_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Iterator[None]:
    """Within the block, whoever calls this function does not live to see it return."""
    original = getattr(owner, name)

    def crash(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, crash)
        with pytest.raises(Crash):
            yield


def message(nonce: str = "nonce-1", training: str = world.TRAINING) -> Upload:
    archive = pack({"architecture.py": world.ARCHITECTURE.encode(), "training.py": training.encode()})
    return Upload(
        archive=archive, body_sha256=training[-8:], hotkey=world.ALICE, nonce=nonce, by="miner:alice"
    )


def send(upload: Upload) -> Receipt:
    return accept_upload(upload, now=timezone.now())


def broken() -> list[str]:
    return [found.name for found in check_all() if found.broken]


# 9: stored, but its nonce is not, or the other way round


@pytest.mark.parametrize("owner_and_name", [(accept, "_claim"), (accept, "_store"), (nonces, "bind")])
def test_an_upload_that_died_half_way_can_be_sent_again(
    host: Path, monkeypatch: pytest.MonkeyPatch, owner_and_name: tuple[Any, str]
) -> None:
    with crash_after(monkeypatch, *owner_and_name):
        send(message())
    assert not Nonce.objects.exists()
    assert not Submission.objects.exists()
    first, again = send(message()), send(message())
    assert (first.created, again.created) == (True, False)
    assert first.submission == again.submission
    assert broken() == []


def test_control_without_a_transaction_a_submission_stands_without_its_bundle(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("transaction"), crash_after(monkeypatch, transitions, "receive"):
        send(message())
    assert Submission.objects.count() == 1
    assert not StoredBundle.objects.exists()
    assert send(message()).refused  # for ever


# 10: the same message again, and again


def test_a_message_that_comes_five_times_is_one_submission(host: Path) -> None:
    receipts = [send(message()) for _ in range(5)]
    assert [receipt.created for receipt in receipts] == [True, False, False, False, False]
    assert len({receipt.submission.pk for receipt in receipts}) == 1


def test_a_nonce_carries_one_message_only(host: Path) -> None:
    send(message())
    other = message(training=world.TRAINING + "# other\n")
    with pytest.raises(NonceReused):
        send(other)


def test_control_without_the_nonce_another_message_passes_under_it(host: Path) -> None:
    with without("nonce"):
        assert send(message()).created
        assert send(message(training=world.TRAINING + "# other\n")).created


# 5: the process or the database dies within a move


def test_a_move_that_died_half_way_did_not_happen(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = world.upload()
    with crash_after(monkeypatch, events, "append"):
        pipeline.advance(str(submission.pk))
    submission.refresh_from_db()
    assert submission.stage == Stage.RECEIVED
    assert broken() == []
    assert pipeline.advance(str(submission.pk))


def test_control_without_a_transaction_state_and_history_part(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = world.upload()
    with monkeypatch.context() as patched, without("transaction"):
        patched.setattr(events, "append", _crash)
        with pytest.raises(Crash):
            pipeline.advance(str(submission.pk))
    assert broken() == ["history equals state"]


def _crash(*args: Any, **kwargs: Any) -> None:
    raise Crash


def test_a_claim_that_died_half_way_leaves_the_run_queued(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.queued()
    with crash_after(monkeypatch, claims, "_record"):
        claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert broken() == []
    assert claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})


def test_control_without_a_transaction_a_run_is_running_for_nobody(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.queued()
    with without("transaction"), crash_after(monkeypatch, claims, "_take"):
        claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert "running has one live attempt" in broken()


def test_a_result_that_died_half_way_is_taken_the_next_time(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.queued()
    attempt = claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert attempt is not None
    told = {"run_id": str(attempt.run_id), "verdict": "failed", "code": "learner_error", "reason": "x"}
    with crash_after(monkeypatch, attempts, "_close"):
        attempts.finish(attempt, manifest=told, exit_code=2)
    assert broken() == []
    assert attempts.finish(attempt, manifest=told, exit_code=2)
    assert broken() == []


# 7: scored, but not yet attributed


def test_a_score_that_died_half_way_is_made_once(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = _waiting_for_its_score()
    with crash_after(monkeypatch, scoring, "record_score"):
        pipeline.advance(str(submission.pk))
    assert not Score.objects.exists()
    while pipeline.advance(str(submission.pk)):
        pass
    submission.refresh_from_db()
    assert (submission.status, Score.objects.count()) == (Status.COMPLETED, 1)
    assert broken() == []


def test_control_without_a_transaction_a_score_stands_for_what_is_not_completed(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = _waiting_for_its_score()
    with without("transaction"), crash_after(monkeypatch, scoring, "record_score"):
        pipeline.advance(str(submission.pk))
    submission.refresh_from_db()
    assert (submission.status, Score.objects.count()) == (Status.RUNNING, 1)


def _waiting_for_its_score() -> Submission:
    return waiting_for_score(anomalous=False)


# 17: the database is full


@pytest.fixture
def full_database(shared_database: None, host: Path) -> None:
    """SQLite with not one page to grow; PostgreSQL stops as after a power cut, which the soak does."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be told how large it may be")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what other tests left free would be room
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")


def make_room() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")


def big_message() -> Upload:
    draw = random.Random(1)
    noise = "".join(f"# {draw.randbytes(40).hex()}\n" for _ in range(800))
    return message(training=world.TRAINING + noise)


@pytest.mark.usefixtures("full_database")
def test_a_full_database_takes_nothing_halves_nothing_and_goes_on_when_there_is_room() -> None:
    with pytest.raises(OperationalError, match="full"):
        send(big_message())
    assert (Nonce.objects.count(), Submission.objects.count(), Event.objects.count()) == (0, 0, 0)
    make_room()
    assert send(big_message()).created
    assert broken() == []


@pytest.mark.usefixtures("full_database")
def test_control_without_a_transaction_a_full_database_keeps_half() -> None:
    with without("transaction"), pytest.raises(OperationalError, match="full"):
        send(big_message())
    assert Nonce.objects.count() == 1
    assert not StoredBundle.objects.exists()


# 19: torn files


def test_a_manifest_cut_anywhere_is_no_result(tmp_path: Path) -> None:
    whole = _manifest_bytes()
    for length in range(1, len(whole) - 1, max(len(whole) // 200, 1)):
        (tmp_path / MANIFEST_NAME).write_bytes(whole[:length])
        with pytest.raises((ManifestInvalid, FileRefused)):
            manifest_in(tmp_path)


def test_control_the_whole_manifest_is_one(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(_manifest_bytes())
    assert manifest_in(tmp_path) is not None


def _manifest_bytes() -> bytes:
    return json.dumps({**(make_completed().run.manifest or {}), "code": "scored"}).encode()


# 18: power cuts cannot be injected; what they are survived by can be read back


@pytest.mark.usefixtures("shared_database")
def test_what_was_committed_is_on_the_disk() -> None:
    asked = (
        {"PRAGMA synchronous": 2, "PRAGMA journal_mode": "wal"}
        if connection.vendor == "sqlite"
        else {"SHOW synchronous_commit": "on", "SHOW fsync": "on"}
    )
    for question, answer in asked.items():
        with connection.cursor() as cursor:
            cursor.execute(question)
            assert cursor.fetchone() == (answer,)
