"""The table of allowed moves of a submission, and the verbs that make them: the one writer of its state."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluations import events
from evaluations.enums import Stage, Status
from evaluations.models import Submission
from evaluations.signals import submission_moved


class State(NamedTuple):
    """What a submission shows (`status`) and where in the story it stands (`stage`)."""

    status: Status
    stage: Stage


RECEIVED = State(Status.PENDING, Stage.RECEIVED)
IN_REVIEW = State(Status.PENDING, Stage.REVIEW)
QUEUED = State(Status.PENDING, Stage.QUEUED)
EVALUATING = State(Status.RUNNING, Stage.EVALUATING)
SCORING = State(Status.RUNNING, Stage.SCORING)
HELD_IN_REVIEW = State(Status.HELD, Stage.REVIEW)
HELD_IN_QUEUE = State(Status.HELD, Stage.QUEUED)
HELD_IN_SCORING = State(Status.HELD, Stage.SCORING)
COMPLETED = State(Status.COMPLETED, Stage.DONE)
FAILED = State(Status.FAILED, Stage.DONE)
REJECTED = State(Status.REJECTED, Stage.DONE)

START = (RECEIVED, REJECTED)
TABLE: dict[State, dict[str, State]] = {
    RECEIVED: {"begin_review": IN_REVIEW},
    IN_REVIEW: {"enqueue": QUEUED, "hold": HELD_IN_REVIEW, "reject": REJECTED},
    QUEUED: {"begin_evaluation": EVALUATING, "hold": HELD_IN_QUEUE, "fail": FAILED, "reject": REJECTED},
    EVALUATING: {
        "begin_scoring": SCORING,
        "requeue": QUEUED,
        "hold": HELD_IN_QUEUE,
        "fail": FAILED,
        "reject": REJECTED,
    },
    SCORING: {"complete": COMPLETED, "hold": HELD_IN_SCORING, "reject": REJECTED},
    HELD_IN_REVIEW: {"release": QUEUED, "reject": REJECTED},
    HELD_IN_QUEUE: {"release": QUEUED, "retry": QUEUED, "fail": FAILED, "reject": REJECTED},
    HELD_IN_SCORING: {"complete": COMPLETED, "reject": REJECTED},
    COMPLETED: {"reopen_score": HELD_IN_SCORING},
    FAILED: {"reopen": HELD_IN_QUEUE, "retry": QUEUED},
    REJECTED: {"reopen": HELD_IN_QUEUE, "reopen_score": HELD_IN_SCORING},
}


class TransitionRefused(Exception):
    """The submission is not in a state from which this verb leads anywhere."""

    code = "transition_refused"


def state_of(submission: Submission) -> State:
    """The state that a row is in."""
    return State(Status(submission.status), Stage(submission.stage))


def receive(submission: Submission, *, by: str) -> Submission:
    """Store a new submission whose bundle was read."""
    return _create(submission, RECEIVED, by=by, verb="receive")


def refuse(submission: Submission, *, by: str, reason_code: str, reason: str) -> Submission:
    """Store a new submission whose bundle could not be read, so that a replay answers the same."""
    submission.reason_code, submission.reason = reason_code, reason
    return _create(submission, REJECTED, by=by, verb="refuse")


def begin_review(submission_id: UUID, *, by: str) -> Submission:
    """Start the reviews that come before any queue time is spent."""
    return _move(submission_id, "begin_review", by=by)


def enqueue(submission_id: UUID, *, by: str) -> Submission:
    """Pass the reviews; wait for a turn."""
    return _move(submission_id, "enqueue", by=by)


def begin_evaluation(submission_id: UUID, *, by: str, data: dict[str, Any]) -> Submission:
    """A run of this submission has been claimed; `data` names run and attempt."""
    return _move(submission_id, "begin_evaluation", by=by, data=data)


def requeue(submission_id: UUID, *, by: str, reason_code: str, data: dict[str, Any]) -> Submission:
    """The attempt was lost to the infrastructure; wait for another turn."""
    return _move(submission_id, "requeue", by=by, event_code=reason_code, data=data)


def begin_scoring(submission_id: UUID, *, by: str, data: dict[str, Any]) -> Submission:
    """A manifest with the verdict `scored` has been taken."""
    return _move(submission_id, "begin_scoring", by=by, data=data)


def complete(submission_id: UUID, *, by: str, data: dict[str, Any]) -> Submission:
    """The score is stored, and nothing holds it."""
    return _move(submission_id, "complete", by=by, data=data)


def fail(
    submission_id: UUID, *, by: str, reason_code: str, reason: str, data: dict[str, Any] | None = None
) -> Submission:
    """The submission could not be measured."""
    return _move(submission_id, "fail", by=by, reason_code=reason_code, reason=reason, data=data)


def reject(
    submission_id: UUID, *, by: str, reason_code: str, reason: str, data: dict[str, Any] | None = None
) -> Submission:
    """Deterministic evidence refuses the submission."""
    return _move(submission_id, "reject", by=by, reason_code=reason_code, reason=reason, data=data)


def hold(
    submission_id: UUID, *, by: str, reason_code: str, reason: str, data: dict[str, Any] | None = None
) -> Submission:
    """Stop until an operator decides."""
    return _move(submission_id, "hold", by=by, reason_code=reason_code, reason=reason, data=data)


def release(submission_id: UUID, *, by: str, reason: str, data: dict[str, Any] | None = None) -> Submission:
    """An operator lets a held submission go on; `reason` is the operator's note."""
    return _move(submission_id, "release", by=by, data={**(data or {}), "note": reason})


def retry(submission_id: UUID, *, by: str, data: dict[str, Any]) -> Submission:
    """Its owner asks for another try at what the infrastructure failed."""
    return _move(submission_id, "retry", by=by, data=data)


def reopen(
    submission_id: UUID, *, by: str, reason_code: str, reason: str, data: dict[str, Any]
) -> Submission:
    """A decision that ended the submission before it was scored is undone: it is held again."""
    return _move(submission_id, "reopen", by=by, reason_code=reason_code, reason=reason, data=data)


def reopen_score(
    submission_id: UUID, *, by: str, reason_code: str, reason: str, data: dict[str, Any]
) -> Submission:
    """A decision about a scored submission is undone: it is held again, and its score counts for nothing."""
    return _move(submission_id, "reopen_score", by=by, reason_code=reason_code, reason=reason, data=data)


def _create(submission: Submission, state: State, *, by: str, verb: str) -> Submission:
    submission.status, submission.stage = state
    submission.created_at = submission.updated_at = timezone.now()
    with transaction.atomic():
        submission.save(force_insert=True)
        events.append(submission, verb=verb, by=by, reason_code=submission.reason_code)
        _announce(submission)
    return submission


def _move(
    submission_id: UUID,
    verb: str,
    *,
    by: str,
    reason_code: str = "",
    reason: str = "",
    event_code: str = "",
    data: dict[str, Any] | None = None,
) -> Submission:
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission_id)
        target = TABLE[state_of(submission)].get(verb)
        if target is None:
            raise TransitionRefused(f"{verb} is not allowed from {submission.status}/{submission.stage}")
        submission.status, submission.stage = target
        submission.reason_code, submission.reason = reason_code, reason
        submission.updated_at = timezone.now()
        submission.save(update_fields=["status", "stage", "reason_code", "reason", "updated_at"])
        events.append(submission, verb=verb, by=by, reason_code=reason_code or event_code, data=data)
        _announce(submission)
    return submission


def _announce(submission: Submission) -> None:
    submission_id = submission.pk
    transaction.on_commit(
        lambda: submission_moved.send(sender=Submission, submission_id=submission_id), robust=True
    )
