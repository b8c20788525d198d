import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from django.db import connection

from evaluations import attempts, claims, transitions
from evaluations.enums import AttemptState, Mode, RunState, Stage, Status
from evaluations.models import Attempt, Run, Submission
from tests.evaluations import world

Result = TypeVar("Result")
SMOKE = [Mode.LOCAL_CPU_SMOKE]


def claim(host: str = "here") -> Attempt | None:
    return claims.claim(host=host, backend="local", modes=SMOKE, policy_row_ids={"gpu_policy": 5})


@pytest.mark.django_db
def test_a_claim_takes_the_oldest_run_and_moves_its_submission(host: Path) -> None:
    first, second = world.queued(), world.queued(training=world.TRAINING + "#2\n")
    attempt = claim()
    assert attempt is not None
    assert attempt.run.submission_id == first.pk
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.stage) == (Status.RUNNING, Stage.EVALUATING)
    assert second.stage == Stage.QUEUED
    assert (attempt.number, attempt.fencing_token, attempt.state) == (1, 1, AttemptState.LEASED)
    assert attempt.policy_row_ids == {"gpu_policy": 5}
    assert attempt.lease_expires_at - attempt.heartbeat_at >= claims.LEASE * 0.99


@pytest.mark.django_db
def test_nothing_queued_gives_nothing(host: Path) -> None:
    world.upload()
    assert claim() is None


@pytest.mark.django_db
def test_a_run_of_another_mode_is_left_alone(host: Path) -> None:
    world.queued()
    Run.objects.update(mode=Mode.GPU_PROXY_EVAL)
    assert claim() is None


@pytest.mark.django_db
def test_a_run_of_a_held_submission_is_left_alone(host: Path) -> None:
    submission = world.queued()
    transitions.begin_evaluation(submission.pk, by="system:test", data={})
    transitions.hold(submission.pk, by="system:test", reason_code="infrastructure", reason="x")
    assert claim() is None


@pytest.mark.django_db
def test_a_run_is_claimed_once(host: Path) -> None:
    world.queued()
    assert claim() is not None
    assert claim() is None


@pytest.mark.usefixtures("shared_database")
def test_of_claimants_at_once_exactly_one_wins_each_run(host: Path) -> None:
    for number in range(2):
        world.queued(training=world.TRAINING + f"#{number}\n")
    won = together(6, claim)
    labels = [attempt.label for attempt in won if attempt is not None]
    assert len(labels) == len(set(labels)) == 2
    assert Attempt.objects.count() == 2
    assert list(Run.objects.values_list("state", "fencing_token")) == [(RunState.RUNNING, 1)] * 2


@pytest.mark.usefixtures("shared_database")
def test_of_endings_at_once_exactly_one_counts(host: Path) -> None:
    world.queued()
    attempt = claim()
    assert attempt is not None
    ended = together(4, lambda: attempts.lose(attempt, reason="job_died"))
    assert sorted(ended) == [False, False, False, True]
    assert Submission.objects.get().events.filter(verb="requeue").count() == 1


def together(count: int, action: Callable[[], Result]) -> list[Result]:
    """Run an action in several threads that start at one moment; each has its own connection."""
    results: list[Result] = []
    barrier = threading.Barrier(count)

    def work() -> None:
        barrier.wait()
        try:
            results.append(action())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results
