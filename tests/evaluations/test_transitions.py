"""Every state and every verb: what the table allows happens, the rest is refused and changes nothing."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Kind, Mode, Stage, Status
from evaluations.models import Event, Submission
from evaluations.signals import submission_moved
from evaluations.transitions import TABLE, State, TransitionRefused, state_of

pytestmark = pytest.mark.django_db
BY = "system:test"
REASON = {"reason_code": "some_code", "reason": "A sentence."}
VERBS: dict[str, dict[str, Any]] = {
    "begin_review": {},
    "enqueue": {},
    "begin_evaluation": {"data": {"run": "r"}},
    "requeue": {"reason_code": "job_died", "data": {}},
    "begin_scoring": {"data": {}},
    "complete": {"data": {}},
    "fail": REASON,
    "reject": REASON,
    "hold": REASON,
    "release": {"reason": "looked at it"},
    "retry": {"data": {}},
    "reopen": {**REASON, "data": {}},
    "reopen_score": {**REASON, "data": {}},
}


def submission_in(state: State) -> Submission:
    now = timezone.now()
    reason = "before" if state.status in {Status.FAILED, Status.REJECTED, Status.HELD} else ""
    return Submission.objects.create(
        hotkey=f"5{uuid.uuid4().hex}",
        kind=Kind.FULL,
        mode=Mode.LOCAL_CPU_SMOKE,
        code_hash=uuid.uuid4().hex,
        epoch=0,
        status=state.status,
        stage=state.stage,
        reason_code=reason,
        created_at=now,
        updated_at=now,
    )


def move(submission: Submission, verb: str) -> Submission:
    action: Callable[..., Submission] = getattr(transitions, verb)
    return action(submission.pk, by=BY, **VERBS[verb])


def test_every_verb_of_the_table_is_a_function_and_the_other_way_round() -> None:
    assert {verb for verbs in TABLE.values() for verb in verbs} == set(VERBS)


def test_every_state_can_be_reached_and_every_target_is_a_state() -> None:
    targets = {target for verbs in TABLE.values() for target in verbs.values()}
    assert targets | set(transitions.START) == set(TABLE)


def test_every_status_and_stage_occurs() -> None:
    assert {state.status for state in TABLE} == set(Status)
    assert {state.stage for state in TABLE} == set(Stage)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", TABLE, ids=lambda state: f"{state.status}-{state.stage}")
def test_each_pair_of_state_and_verb(state: State, verb: str) -> None:
    submission = submission_in(state)
    target = TABLE[state].get(verb)
    if target is None:
        with pytest.raises(TransitionRefused) as refused:
            move(submission, verb)
        assert refused.value.code == "transition_refused"
        submission.refresh_from_db()
        assert state_of(submission) == state
        assert not submission.events.exists()
        return
    moved = move(submission, verb)
    submission.refresh_from_db()
    assert state_of(moved) == state_of(submission) == target
    event = submission.events.get()
    assert (event.verb, event.by, event.status, event.stage) == (verb, BY, *target)


def test_events_are_numbered_without_gaps() -> None:
    submission = submission_in(transitions.RECEIVED)
    for verb in ("begin_review", "enqueue", "begin_evaluation", "requeue", "begin_evaluation", "fail"):
        move(submission, verb)
    assert list(Event.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_reason_goes_with_the_state_that_it_explains() -> None:
    submission = submission_in(transitions.EVALUATING)
    assert move(submission, "hold").reason_code == "some_code"
    assert move(submission, "release").reason_code == ""


def test_a_stop_without_a_reason_is_refused_by_the_database() -> None:
    submission = submission_in(transitions.EVALUATING)
    with pytest.raises(IntegrityError), transaction.atomic():
        transitions.fail(submission.pk, by=BY, reason_code="", reason="")
    submission.refresh_from_db()
    assert state_of(submission) == transitions.EVALUATING


def test_a_move_is_announced_only_once_it_is_committed(
    django_capture_on_commit_callbacks: Any,
) -> None:
    submission = submission_in(transitions.RECEIVED)
    heard: list[Any] = []

    def listen(sender: Any, submission_id: Any, **kwargs: Any) -> None:
        heard.append(submission_id)

    submission_moved.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            move(submission, "begin_review")
            assert heard == []
        assert heard == [submission.pk]
    finally:
        submission_moved.disconnect(listen)
