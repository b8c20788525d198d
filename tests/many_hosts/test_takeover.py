"""What other hosts do for a run whose host is gone, and what hosts that are set up differently do not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from evaluations import claims, reconcile
from evaluations.attempts import lose, renew
from evaluations.backends import folders, local
from evaluations.enums import Mode, RunState, Stage
from evaluations.models import Attempt, Canary, Event, Run
from evaluations.shared_secrets import fingerprint, strangers
from evaluations.tasks import canary_tick, launch_tick
from prism_site.config import override_env
from tests.evaluations import world
from tests.evaluations.conftest import text_folder

__all__ = ["text_folder"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shared(tmp_path: Path, text_folder: Path) -> Iterator[None]:
    with override_env(data_dir=text_folder, run_secret="shared", local_slots=1):
        yield


@contextmanager
def host(folder: Path, name: str, **settings: str) -> Iterator[None]:
    """As a process of that host sees the world."""
    own = folder / name
    with override_env(host_name=name, var_dir=own, artifact_dir=own / "artifacts", **settings):
        yield


def let_the_lease_run_out() -> None:
    Attempt.objects.filter(state__in=["leased", "running"]).update(
        lease_expires_at=Now() - timedelta(seconds=1)
    )


def test_another_host_goes_on_once_the_lease_has_run_out_and_the_first_one_changes_nothing(
    tmp_path: Path,
) -> None:
    world.small_runs()
    submission = world.queued()
    modes = [Mode.LOCAL_CPU_SMOKE]
    with host(tmp_path, "two"):
        first = claims.claim(host="two", backend="local", modes=modes, policy_row_ids={})
        assert first is not None
    with host(tmp_path, "one"):
        assert reconcile.lose_expired() == 0
        assert claims.claim(host="one", backend="local", modes=modes, policy_row_ids={}) is None
        let_the_lease_run_out()
        assert reconcile.lose_expired() == 1
        second = claims.claim(host="one", backend="local", modes=modes, policy_row_ids={})
    assert second is not None
    assert (second.host, second.fencing_token) == ("one", first.fencing_token + 1)
    with host(tmp_path, "two"):
        assert not renew(first, handle={"pid": 2})
        assert not lose(first, reason="job_died")
    submission.refresh_from_db()
    assert (submission.stage, Run.objects.get().state) == (Stage.EVALUATING, RunState.RUNNING)


def test_a_host_with_other_secrets_starts_nothing_and_says_with_whom_it_differs(tmp_path: Path) -> None:
    world.small_runs()
    world.queued()
    with host(tmp_path, "one"):
        canary_tick()
    with host(tmp_path, "two", run_secret="another"):
        assert strangers() == ["one"]
        assert not launch_tick()
    assert not Attempt.objects.exists()
    waits = Event.objects.get(verb="wait")
    assert waits.reason_code == "host_secrets_differ"
    assert "one and two" in waits.data["detail"]


def test_hosts_with_the_same_secrets_and_hosts_long_gone_keep_nobody(tmp_path: Path) -> None:
    with host(tmp_path, "one"):
        canary_tick()
    with host(tmp_path, "two"):
        assert strangers() == []
    Canary.objects.update(secrets="0" * 16, stamped_at=Now() - timedelta(minutes=4))
    with host(tmp_path, "two"):
        assert strangers() == []
    Canary.objects.update(stamped_at=Now(), host="two")  # its own, from before a rotation
    with host(tmp_path, "two"):
        assert strangers() == []


def test_a_fingerprint_tells_both_secrets_apart_and_neither(tmp_path: Path, settings: object) -> None:
    with host(tmp_path, "one"):
        first = fingerprint()
    with host(tmp_path, "one", run_secret="another"):
        assert fingerprint() != first
    settings.SECRET_KEY = "another key"  # type: ignore[attr-defined]
    with host(tmp_path, "one"):
        assert fingerprint() != first
    assert len(first) == 16
    assert "shared" not in first


def test_a_host_sees_the_folders_of_its_own_jobs_alone(tmp_path: Path) -> None:
    with host(tmp_path, "one"):
        folders.mark("run.1")
        assert folders.marked() == ["run.1"]
        assert local.this_host() == "one"
    with host(tmp_path, "two"):
        assert folders.marked() == []
