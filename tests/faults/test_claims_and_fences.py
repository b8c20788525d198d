"""Faults of hosts and of the queue: late, doubled and lost work. Each with its mechanism, and without."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluations import attempts, claims, reconcile
from evaluations.enums import AttemptState, Mode, RunState, Status
from evaluations.models import Attempt, Run, Submission
from evaluations.signals import submission_moved
from prism_site.invariants import check_all
from tests.evaluations import world
from tests.faults.bypass import without

pytestmark = pytest.mark.django_db
SMOKE = [Mode.LOCAL_CPU_SMOKE]


@pytest.fixture
def submission(host: Path) -> Submission:
    return world.queued()


def claim(host: str = "here") -> Attempt | None:
    return claims.claim(host=host, backend="local", modes=SMOKE, policy_row_ids={})


def claimed(host: str = "here") -> Attempt:
    attempt = claim(host)
    assert attempt is not None
    return attempt


def manifest(attempt: Attempt, code: str = "scored") -> dict[str, Any]:
    verdict = "scored" if code == "scored" else "failed"
    return {"run_id": str(attempt.run_id), "verdict": verdict, "code": code, "reason": "Because."}


def broken() -> list[str]:
    return [found.name for found in check_all() if found.broken]


def let_leases_run_out() -> None:
    Attempt.objects.filter(state__in=[AttemptState.LEASED, AttemptState.RUNNING]).update(
        lease_expires_at=Now() - timedelta(seconds=1)
    )


# 1: a host dies in the middle of a run


def test_a_run_of_a_dead_host_is_taken_by_another(submission: Submission) -> None:
    claimed("dead")
    let_leases_run_out()
    assert reconcile.lose_expired() == 1
    again = claimed("other")
    assert (again.number, again.host) == (2, "other")
    assert broken() == []


def test_control_without_expiry_the_run_of_a_dead_host_is_stuck(submission: Submission) -> None:
    claimed("dead")
    let_leases_run_out()
    assert claim("other") is None
    assert Run.objects.get().state == RunState.RUNNING


# 2: a host sleeps longer than its lease and comes back with a result


def late_result() -> str:
    """The code of the result that stands, after a host that was given up has sent its own."""
    old = claimed("asleep")
    let_leases_run_out()
    reconcile.lose_expired()
    new = claimed("other")
    attempts.finish(new, manifest=manifest(new), exit_code=0)
    attempts.finish(old, manifest=manifest(old, "late"), exit_code=2)
    return Run.objects.get().code


def test_a_result_of_a_host_that_was_given_up_changes_nothing(submission: Submission) -> None:
    assert late_result() == "scored"
    assert broken() == []


def test_control_without_the_fence_the_late_result_wins(submission: Submission) -> None:
    with without("fence"):
        assert late_result() == "late"
    assert "finished has one result" in broken()


# 3: two workers have read the same queued run


def test_of_two_that_read_the_same_run_one_takes_it(submission: Submission) -> None:
    one, other = Run.objects.get(), Run.objects.get()
    assert [claims._take(one), claims._take(other)] == [True, False]
    assert Run.objects.get().fencing_token == 1


def test_control_without_the_guard_both_take_it_and_the_database_refuses_the_second(
    submission: Submission,
) -> None:
    one, other = Run.objects.get(), Run.objects.get()
    with without("claim guard"):
        assert [claims._take(one), claims._take(other)] == [True, True]
    claims._record(one, host="one", backend="local", policy_row_ids={})
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            run=other, number=9, fencing_token=9, host="other", backend="local",
            lease_expires_at=Now(), heartbeat_at=Now(), started_at=Now(),
        )  # fmt: skip


# 4: the queue delivers everything more than once


def test_an_ending_that_comes_three_times_counts_once(submission: Submission) -> None:
    attempt = claimed()
    ended = [attempts.finish(attempt, manifest=manifest(attempt), exit_code=0) for _ in range(3)]
    assert ended == [True, False, False]
    assert world.verbs(submission).count("begin_scoring") == 1
    lost = attempts.lose(attempt, reason="job_died")
    assert not lost
    assert broken() == []


def test_control_without_the_fence_a_finished_run_is_lost_again(submission: Submission) -> None:
    attempt = claimed()
    attempts.finish(attempt, manifest=manifest(attempt), exit_code=0)
    with without("fence"), pytest.raises(IntegrityError), transaction.atomic():
        attempts.lose(attempt, reason="job_died")  # a run that is queued again has no manifest


# 21: a run that kills whoever takes it


def kill_its_hosts(times: int) -> None:
    for _ in range(times):
        attempt = claim("doomed")
        if attempt is None:
            return
        let_leases_run_out()
        reconcile.lose_expired()


def test_a_run_that_kills_three_hosts_is_held(submission: Submission) -> None:
    kill_its_hosts(5)
    submission.refresh_from_db()
    assert (submission.status, submission.reason_code) == (Status.HELD, attempts.INFRASTRUCTURE)
    assert Attempt.objects.count() == attempts.ALLOWED_ATTEMPTS
    assert broken() == []


def test_control_a_run_that_is_not_counted_when_it_is_claimed_kills_for_ever(submission: Submission) -> None:
    with without("count at claim"):
        kill_its_hosts(5)
    submission.refresh_from_db()
    assert submission.status == Status.PENDING
    assert Attempt.objects.count() == 5


# 30: everybody at once after an outage


def test_after_an_outage_a_trickle_is_rung(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rung_after_an_outage(monkeypatch) == reconcile.RUNG_AT_ONCE


def test_control_without_the_limit_everybody_is_rung_at_once(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "RUNG_AT_ONCE", 10**6)
    assert rung_after_an_outage(monkeypatch) == 30


def rung_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> int:
    first = world.upload()
    Submission.objects.bulk_create(
        Submission(
            hotkey=f"hotkey {n}", code_hash=f"{n:064}", kind=first.kind, mode=first.mode, epoch=first.epoch,
            created_at=first.created_at, updated_at=first.updated_at,
        )
        for n in range(29)
    )  # fmt: skip
    Submission.objects.update(updated_at=Now() - timedelta(hours=1))
    rung: list[Any] = []
    monkeypatch.setattr(submission_moved, "send", lambda **told: rung.append(told))
    reconcile.ring_stale()
    return len(rung)


# any order of all of it


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "renew", "finish", "fail", "lose", "expire", "release"]), st.integers(0, 3)
    ),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_any_order_of_claims_endings_and_expiries_nothing_breaks(
    submission: Submission, steps: list[tuple[str, int]]
) -> None:
    assert play(submission, steps) == []


def test_control_without_the_fence_some_order_breaks(submission: Submission) -> None:
    steps = [("claim", 0), ("expire", 0), ("claim", 0), ("finish", 1), ("finish", 0)]
    assert play(submission, steps) == []
    with without("fence"):
        assert play(submission, steps) != []


def play(submission: Submission, steps: list[tuple[str, int]]) -> list[str]:
    """What is broken after the steps, by attempts that may be long over; everything is undone at the end."""
    point = transaction.savepoint()
    ever: list[Attempt] = []
    try:
        for what, which in steps:
            _step(submission, what, ever, which)
        return broken()
    finally:
        transaction.savepoint_rollback(point)


def _step(submission: Submission, what: str, ever: list[Attempt], which: int) -> None:
    if what == "claim":
        attempt = claim(f"host {which}")
        ever.extend([attempt] if attempt else [])
    elif what == "expire":
        let_leases_run_out()
        reconcile.lose_expired()
    elif what == "release":
        if Submission.objects.get().status == Status.HELD:
            attempts.release(submission.pk, by="operator:eve", note="again")
    elif ever:
        attempt = ever[which % len(ever)]
        match what:
            case "renew":
                attempts.renew(attempt, handle={"pid": which})
            case "finish":
                attempts.finish(attempt, manifest=manifest(attempt), exit_code=0)
            case "fail":
                attempts.finish(attempt, manifest=manifest(attempt, "learner_error"), exit_code=2)
            case "lose":
                attempts.lose(attempt, reason="job_died")
