from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from evaluations import attempts, claims
from evaluations.enums import AttemptState, Mode, RunState, Stage, Status
from evaluations.models import Attempt, Run, Submission
from evaluations.transitions import TransitionRefused
from prism_site.policy.resolve import set_policy
from tests.evaluations import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission(host: Path) -> Submission:
    return world.queued()


def claim() -> Attempt:
    attempt = claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert attempt is not None
    return attempt


def manifest_of(attempt: Attempt, verdict: str = "scored", code: str = "scored") -> dict[str, Any]:
    return {"run_id": str(attempt.run_id), "verdict": verdict, "code": code, "reason": "Because."}


def history(submission: Submission) -> tuple[str, str, str, list[str]]:
    submission.refresh_from_db()
    return submission.status, submission.stage, submission.reason_code, world.verbs(submission)[3:]


def test_a_scored_manifest_moves_the_submission_to_scoring(submission: Submission) -> None:
    attempt = claim()
    assert attempts.finish(attempt, manifest=manifest_of(attempt), exit_code=0)
    run = Run.objects.get()
    assert (run.state, run.verdict, run.code) == (RunState.FINISHED, "scored", "scored")
    assert history(submission)[:2] == (Status.RUNNING, Stage.SCORING)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.exit_code) == (AttemptState.FINISHED, 0)


@pytest.mark.parametrize(("verdict", "status"), [("failed", Status.FAILED), ("rejected", Status.REJECTED)])
def test_the_verdict_decides_and_its_code_is_the_reason(
    submission: Submission, verdict: str, status: Status
) -> None:
    attempt = claim()
    attempts.finish(attempt, manifest=manifest_of(attempt, verdict, "logits_shape"), exit_code=2)
    assert history(submission)[:3] == (status, Stage.DONE, "logits_shape")
    assert submission.reason == "Because."


def test_finishing_twice_changes_nothing(submission: Submission) -> None:
    attempt = claim()
    attempts.finish(attempt, manifest=manifest_of(attempt), exit_code=0)
    before = history(submission)
    assert not attempts.finish(attempt, manifest=manifest_of(attempt, "failed", "late"), exit_code=2)
    assert history(submission) == before
    assert Run.objects.get().verdict == "scored"


def test_a_result_with_an_old_token_changes_nothing(submission: Submission) -> None:
    old = claim()
    attempts.lose(old, reason="lease_expired")
    new = claim()
    before = history(submission)
    assert not attempts.finish(old, manifest=manifest_of(old), exit_code=0)
    assert history(submission) == before
    assert Run.objects.get().state == RunState.RUNNING
    assert attempts.finish(new, manifest=manifest_of(new), exit_code=0)


def test_an_old_attempt_can_neither_renew_nor_lose_the_run(submission: Submission) -> None:
    old = claim()
    attempts.lose(old, reason="lease_expired")
    new = claim()
    assert not attempts.renew(old, handle={"pid": 1})
    assert not attempts.lose(old, reason="job_died")
    new.refresh_from_db()
    assert new.state == AttemptState.LEASED


def test_renewing_extends_the_lease_by_the_database_clock(submission: Submission) -> None:
    attempt = claim()
    Attempt.objects.update(lease_expires_at=Now() - timedelta(hours=1))
    assert attempts.renew(attempt, handle={"pid": 7})
    attempt.refresh_from_db()
    assert (attempt.state, attempt.handle) == (AttemptState.RUNNING, {"pid": 7})
    assert Attempt.objects.filter(lease_expires_at__gt=Now() + claims.LEASE * 0.5).exists()


def test_a_lost_run_waits_for_another_turn(submission: Submission) -> None:
    attempts.lose(claim(), reason="job_died", exit_code=-9)
    assert history(submission) == (
        Status.PENDING, Stage.QUEUED, "", ["begin_evaluation", "requeue"],
    )  # fmt: skip
    event = submission.events.last()
    assert event is not None
    assert (event.reason_code, event.data["reason"]) == ("job_died", "job_died")


def test_a_run_lost_three_times_is_held_and_no_more(submission: Submission) -> None:
    for _ in range(attempts.ALLOWED_ATTEMPTS):
        attempts.lose(claim(), reason="job_died")
    status, stage, code, _ = history(submission)
    assert (status, stage, code) == (Status.HELD, Stage.QUEUED, "infrastructure")
    assert Run.objects.get().state == RunState.ABANDONED


def test_what_never_ran_burns_no_allowance(submission: Submission) -> None:
    for _ in range(attempts.ALLOWED_ATTEMPTS + 2):
        attempts.lose(claim(), reason="data_shard_changed", detail="shard-0001", counted=False)
    assert history(submission)[:2] == (Status.PENDING, Stage.QUEUED)
    assert Run.objects.get().attempts_made == 0
    event = submission.events.last()
    assert event is not None
    assert event.data["detail"] == "shard-0001"


def test_releasing_gives_a_fresh_allowance(submission: Submission) -> None:
    for _ in range(attempts.ALLOWED_ATTEMPTS):
        attempts.lose(claim(), reason="job_died")
    attempts.release(submission.pk, by="operator:eve", note="new disk")
    assert history(submission)[:3] == (Status.PENDING, Stage.QUEUED, "")
    for _ in range(attempts.ALLOWED_ATTEMPTS - 1):
        attempts.lose(claim(), reason="job_died")
    assert history(submission)[0] == Status.PENDING
    assert claim().number == 6


def test_only_what_is_held_can_be_released(submission: Submission) -> None:
    with pytest.raises(TransitionRefused):
        attempts.release(submission.pk, by="operator:eve", note="why not")


def test_the_database_refuses_a_second_live_attempt(submission: Submission) -> None:
    attempt = claim()
    attempt.pk, attempt.number = None, 2
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt.save(force_insert=True)


class TestSeveralSeeds:
    @pytest.fixture
    def submission(self, host: Path) -> Submission:
        set_policy("execution_mode_targets", {"local_cpu_smoke": {"seeds": [1, 2]}}, by="test")
        return world.queued()

    def test_every_seed_has_its_run(self, submission: Submission) -> None:
        assert sorted(Run.objects.values_list("seed", flat=True)) == [1, 2]

    def test_scoring_waits_for_all(self, submission: Submission) -> None:
        first, second = claim(), claim()
        attempts.finish(first, manifest=manifest_of(first), exit_code=0)
        assert history(submission)[1] == Stage.EVALUATING
        attempts.finish(second, manifest=manifest_of(second), exit_code=0)
        assert history(submission)[1] == Stage.SCORING

    def test_one_lost_run_does_not_take_the_other_off_the_host(self, submission: Submission) -> None:
        first, second = claim(), claim()
        attempts.lose(first, reason="job_died")
        assert history(submission)[1] == Stage.EVALUATING
        again = claim()
        assert again.run_id == first.run_id
        attempts.finish(second, manifest=manifest_of(second), exit_code=0)
        attempts.finish(again, manifest=manifest_of(again), exit_code=0)
        assert history(submission)[1] == Stage.SCORING

    def test_one_failed_seed_fails_the_submission(self, submission: Submission) -> None:
        first, second = claim(), claim()
        attempts.finish(first, manifest=manifest_of(first, "failed", "learner_error"), exit_code=2)
        attempts.finish(second, manifest=manifest_of(second), exit_code=0)
        assert history(submission)[:3] == (Status.FAILED, Stage.DONE, "learner_error")
