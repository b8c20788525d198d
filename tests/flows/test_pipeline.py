"""The story step by step, and what happens when a step comes twice or at the same time as another."""

from pathlib import Path

import pytest
from django_q.models import OrmQ

from evaluations import bell, transitions
from evaluations.enums import Stage, Status
from evaluations.models import Run, Submission
from evaluations.transitions import TransitionRefused
from prism_site import pipeline
from prism_site.policy.resolve import resolve_policy
from reviews import actions, turns
from reviews.models import Hold, Review, ReviewTurn
from reviews.static_checks import parse
from tests.evaluations import world

pytestmark = pytest.mark.django_db
ROWS = [2, 3, 4]  # of reviews after each step: contract and rules are read in one go
DESCRIBE = Review.Reviewer.DESCRIBE  # seconds in a sandbox; one test here has it done


def stage(submission: Submission) -> str:
    submission.refresh_from_db()
    return submission.stage


def test_each_call_takes_one_step(host: Path) -> None:
    submission = world.upload()
    assert pipeline.advance(str(submission.pk))
    assert stage(submission) == Stage.REVIEW
    seen = []
    while pipeline.advance(str(submission.pk)) and stage(submission) == Stage.REVIEW:
        seen.append(Review.objects.count())
    assert seen == ROWS
    assert stage(submission) == Stage.QUEUED
    assert not pipeline.advance(str(submission.pk))
    assert Run.objects.get().submission == submission
    rung = {message.func() for message in OrmQ.objects.all()}
    assert rung == {"evaluations.tasks.launch_tick", pipeline.ADVANCE}


def test_a_step_that_comes_twice_changes_nothing(host: Path) -> None:
    submission = world.queued()
    for _ in range(3):
        assert not pipeline.advance(str(submission.pk))
    assert Run.objects.count() == 1
    assert Review.objects.count() == len(Review.Reviewer)
    assert world.verbs(submission) == ["receive", "begin_review", "enqueue"]


def test_a_step_that_another_worker_took_is_no_error(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = world.upload()

    def too_late(*args: object, **kwargs: object) -> Submission:
        raise TransitionRefused("another worker was faster")

    monkeypatch.setattr(transitions, "begin_review", too_late)
    assert not pipeline.advance(str(submission.pk))


def test_a_review_that_was_interrupted_is_taken_up_by_its_row(host: Path) -> None:
    submission = world.upload()
    pipeline.advance(str(submission.pk))
    world.pass_reviews(submission, Review.Reviewer.CONTRACT, DESCRIBE)
    while pipeline.advance(str(submission.pk)):
        pass
    assert stage(submission) == Stage.QUEUED
    assert Review.objects.filter(reviewer=Review.Reviewer.CONTRACT).count() == 1


def test_a_rejection_tells_the_first_finding_and_keeps_all(host: Path) -> None:
    submission = world.queued(architecture="x = 1\n", training="def f(:\n")
    assert (submission.status, submission.stage) == (Status.REJECTED, Stage.DONE)
    assert submission.reason_code == "source_syntax_error"
    assert submission.reason.startswith("training.py, line 1: ")
    contract = Review.objects.get(reviewer=Review.Reviewer.CONTRACT)
    assert contract.outcome == Review.Outcome.REJECT


@pytest.mark.parametrize("outcome", [Review.Outcome.HOLD, Review.Outcome.QUARANTINE])
def test_suspicion_never_goes_on_by_itself(host: Path, outcome: Review.Outcome) -> None:
    submission = world.upload()
    world.pass_reviews(submission, DESCRIBE)
    pipeline.advance(str(submission.pk))
    finding = {"code": "odd", "outcome": outcome.value, "message": "Odd.", "file": "", "line": 0}
    Review.objects.create(
        submission=submission,
        reviewer=Review.Reviewer.CONTRACT,
        outcome=outcome,
        findings=[finding],
        duration_seconds=0.1,
        created_at=submission.created_at,
    )
    while pipeline.advance(str(submission.pk)):
        pass
    assert stage(submission) == Stage.REVIEW
    assert submission.status == Status.HELD
    hold = Hold.objects.get()
    assert (hold.kind, hold.reason_code, hold.status) == ("quarantine", "odd", "open")
    assert [found["code"] for found in hold.evidence["findings"]] == ["odd"]


def test_a_held_submission_is_not_moved_and_has_its_hold(host: Path) -> None:
    submission = world.queued()
    transitions.begin_evaluation(submission.pk, by="system:test", data={})
    transitions.hold(submission.pk, by="system:test", reason_code="infrastructure", reason="x")
    OrmQ.objects.all().delete()
    for _ in range(2):
        assert not pipeline.advance(str(submission.pk))
    assert not OrmQ.objects.exists()
    assert Hold.objects.get().kind == Hold.Kind.INFRASTRUCTURE


@pytest.mark.django_db(transaction=True)
def test_every_move_rings_for_the_next_step(host: Path) -> None:
    submission = world.upload()
    (message,) = OrmQ.objects.all()
    assert (message.func(), message.args()) == (pipeline.ADVANCE, (str(submission.pk),))


def test_a_host_too_busy_to_review_judges_nothing(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = world.upload()
    with monkeypatch.context() as busy:
        busy.setattr(parse.parse, "__kwdefaults__", {"entrypoints": (), "wall_seconds": 1e-3})
        pipeline.advance_waiting()
    assert stage(submission) == Stage.REVIEW
    assert "host_busy" in {event.reason_code for event in submission.events.all()}
    ReviewTurn.objects.all().delete()  # its pause is over
    world.pass_reviews(submission, DESCRIBE)
    pipeline.advance_waiting()
    assert stage(submission) == Stage.QUEUED


def test_models_are_described_one_at_a_time_and_then_the_next_is_rung_for(host: Path) -> None:
    first, second = world.upload(), world.upload(training=world.TRAINING + "#2\n")
    for submission in (first, second):
        assert pipeline.advance(str(submission.pk))
    assert pipeline.advance(str(second.pk))  # its source is read
    policy = resolve_policy(official=False)
    with turns.turn(first.pk, DESCRIBE, seconds=60.0) as ours:
        assert ours
        assert actions.next_reviewer(second.pk, policy) == DESCRIBE
        assert not actions.review_next(second.pk, policy)
    OrmQ.objects.all().delete()
    assert pipeline.advance(str(first.pk))
    assert (str(second.pk),) in [message.args() for message in OrmQ.objects.all()]


def test_one_submission_that_cannot_go_on_does_not_keep_the_others(host: Path) -> None:
    broken, sound = world.upload(), world.upload(training=world.TRAINING + "#2\n")
    world.pass_reviews(sound, DESCRIBE)
    broken.bundle.delete()
    pipeline.advance_waiting()
    assert stage(broken) == Stage.REVIEW
    assert stage(sound) == Stage.QUEUED


def test_a_call_is_rung_once_while_it_waits() -> None:
    for _ in range(3):
        bell.ring("some.tick", "a", once=True)
    bell.ring("some.tick", "b", once=True)
    bell.ring("some.tick", "a")
    assert [message.args() for message in OrmQ.objects.order_by("id")] == [("a",), ("b",), ("a",)]
    assert bell.waiting_count() == 3
