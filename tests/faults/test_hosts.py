"""Faults of one host: another version, a broken machine, a clock that is wrong, a pool that hangs."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from evaluations import attempts, claims, host_budget, reconcile, schema_version
from evaluations.backends import folders, local
from evaluations.enums import Mode
from evaluations.models import Attempt, Canary, Event, Submission
from evaluations.signals import submission_moved
from evaluations.tasks import canary_tick, launch_tick
from prism_site.backoff import Backoff
from prism_site.supervisor import Supervisor
from tests.evaluations import world

pytestmark = pytest.mark.django_db
NOTHING = ["python3", "-c", "raise SystemExit"]


@pytest.fixture
def submission(host: Path) -> Submission:
    world.small_runs()
    return world.queued()


@pytest.fixture
def sleeping_referee(monkeypatch: pytest.MonkeyPatch, host: Path) -> Any:
    monkeypatch.setattr(local, "referee_command", lambda job: ["sleep", "600"])
    yield
    for label in folders.marked():
        local.stop(folders.folder_of(label))


def waits() -> list[str]:
    return list(Event.objects.filter(verb="wait").values_list("reason_code", flat=True))


def another_version(monkeypatch: pytest.MonkeyPatch, *, knows: str = "", misses: str = "") -> None:
    known = schema_version._known() | ({("evaluations", knows)} if knows else set())
    monkeypatch.setattr(schema_version, "_known", lambda: known - {("evaluations", misses)})


# 24: migrations while workers run


@pytest.mark.parametrize("versions", [{"knows": "9999_later"}, {"misses": "0008_event_chain"}])
@pytest.mark.usefixtures("sleeping_referee")
def test_a_worker_of_another_version_claims_nothing_and_says_so(
    submission: Submission, monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]
) -> None:
    with monkeypatch.context() as other:
        another_version(other, **versions)
        for _ in range(2):
            assert not launch_tick()
    assert waits() == ["schema_differs"]
    assert launch_tick()  # the control: the same worker at the right version


# 22: nothing ends any more on one host


def lose_runs(host_name: str, runs: int, attempts_of_each: int) -> None:
    for number in range(runs):
        world.queued(training=world.TRAINING + f"#{number}\n")
    for _ in range(runs * attempts_of_each):
        attempt = claims.claim(
            host=host_name, backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={}
        )
        assert attempt is not None
        attempts.lose(attempt, reason="job_died")


@pytest.mark.usefixtures("sleeping_referee")
def test_a_host_on_which_nothing_ends_rests_and_leaves_the_runs_to_others(host: Path) -> None:
    world.small_runs()
    lose_runs(local.this_host(), runs=2, attempts_of_each=2)
    assert host_budget.is_spent(local.this_host())
    assert not host_budget.is_spent("another")
    assert not launch_tick()
    assert waits() == ["host_failing"]
    assert claims.claim(host="another", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})


@pytest.mark.usefixtures("sleeping_referee")
def test_control_without_the_budget_the_host_goes_on_losing(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.small_runs()
    lose_runs(local.this_host(), runs=2, attempts_of_each=2)
    monkeypatch.setattr(host_budget, "LOSSES", 10**6)
    assert launch_tick()


def test_a_host_that_rested_or_ended_a_run_is_trusted_again(host: Path) -> None:
    lose_runs("here", runs=2, attempts_of_each=2)
    Attempt.objects.update(ended_at=Now() - host_budget.REST - timedelta(seconds=1))
    assert not host_budget.is_spent("here")


def test_one_run_that_dies_everywhere_is_no_fault_of_the_host(submission: Submission) -> None:
    for _ in range(4):
        attempt = claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
        if attempt is None:
            break
        attempts.lose(attempt, reason="job_died")
    assert not host_budget.is_spent("here")


# 15: clocks


@pytest.mark.parametrize("skew", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_lease_lasts_as_long_whatever_the_hosts_clock_says(
    submission: Submission, monkeypatch: pytest.MonkeyPatch, skew: timedelta
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + skew)
    claims.claim(host="skewed", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert reconcile.lose_expired() == 0
    assert not Attempt.objects.filter(lease_expires_at__gt=Now() + claims.LEASE).exists()


def test_control_a_lease_by_the_hosts_own_clock_is_over_before_it_began(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(claims, "Now", lambda: behind)
    claims.claim(host="skewed", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert reconcile.lose_expired() == 1


@pytest.mark.parametrize("skew", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_canary_is_stamped_by_the_database_clock(
    host: Path, monkeypatch: pytest.MonkeyPatch, skew: timedelta
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + skew)
    canary_tick()
    assert Canary.objects.filter(
        stamped_at__range=(Now() - timedelta(minutes=1), Now() + timedelta(minutes=1))
    ).exists()


def test_a_step_of_a_host_whose_clock_is_ahead_is_rung_again(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(submission_moved, "send", lambda **told: rung.append(told))
    world.upload()
    Submission.objects.update(updated_at=Now() + timedelta(hours=1))
    reconcile.ring_stale()
    assert len(rung) == 1


# a pool of workers that hangs


@pytest.mark.usefixtures("sleeping_referee")
def test_a_hanging_pool_costs_no_run_its_lease(submission: Submission) -> None:
    assert launch_tick()
    reconcile.attend_jobs()  # the pool has seen it once; from now on it hangs
    Attempt.objects.update(lease_expires_at=Now() + timedelta(seconds=1))
    assert reconcile.renew_here() == 1
    assert Attempt.objects.filter(lease_expires_at__gt=Now() + claims.LEASE * 0.5).exists()


@pytest.mark.usefixtures("sleeping_referee")
def test_a_job_that_died_keeps_no_lease(submission: Submission) -> None:
    assert launch_tick()
    reconcile.attend_jobs()
    attempt = Attempt.objects.get()
    local.stop(folders.folder_of(attempt.label))
    assert reconcile.renew_here() == 0


def test_the_supervisor_renews_what_runs_here(host: Path) -> None:
    supervisor = Supervisor(command=NOTHING)
    assert reconcile.renew_here in [beat.action for beat in supervisor.beats]


# 30: back-off


def test_waiting_grows_and_is_drawn_by_every_host_itself() -> None:
    waited = [Backoff(first_seconds=1, most_seconds=8) for _ in range(200)]
    rounds = [[each.failed() for each in waited] for _ in range(6)]
    assert [max(drawn) <= longest for drawn, longest in zip(rounds, [1, 2, 4, 8, 8, 8], strict=True)] == [
        True
    ] * 6
    assert max(rounds[3]) > 4
    assert len(set(rounds[3])) > 100
    waited[0].succeeded()
    assert waited[0].failed() <= 1
