"""THE STORY: what happens to a submission after it was accepted, one line per step.

A message in the queue only says *look at this submission*; the rows say what is to be done. Carrying out
a step twice, late or at the same time as another worker changes nothing.
"""

import math
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from evaluations import bell, trained_architecture, transitions
from evaluations.datasets.errors import DataError
from evaluations.enums import Mode, Stage, Status
from evaluations.models import Submission
from evaluations.queues import LAUNCHES
from evaluations.runs import request_runs
from evaluations.tasks import LAUNCH
from evaluations.transitions import TransitionRefused
from evaluations.waiting import note_waiting
from prism_site import hold_moves, settling
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import Policy, resolve_policy
from prism_site.trained_architectures import find_architecture
from reviews import actions as reviews
from reviews import holds, opening, turns
from reviews.ladder import Outcome
from reviews.models import Hold, Review
from reviews.reviewers import UNAVAILABLE, longest_seconds
from reviews.suspicion import hold_for_suspicions
from scoring import actions as scoring

log = structlog.get_logger(__name__)
BY = "system:pipeline"
ADVANCE = "prism_site.pipeline.advance"


def ring(sender: Any, submission_id: UUID, **kwargs: Any) -> None:
    """Ask the queue to look at a submission that has moved."""
    bell.ring(ADVANCE, str(submission_id), once=True, timeout=_longest_seconds())


def advance(submission_id: str) -> bool:
    """Take the next step of a submission, if it is ours to take; return whether one was taken."""
    submission = Submission.objects.get(pk=submission_id)
    before = submission.stage
    try:
        with structlog.contextvars.bound_contextvars(submission_id=submission_id):
            reviewed = _step(submission)
    except TransitionRefused:
        return False  # another worker took this step
    submission.refresh_from_db()
    return reviewed or submission.stage != before


def advance_waiting() -> None:
    """Take every step that is ours to take, here and now: for installations that run no queue."""
    ours = [Stage.RECEIVED, Stage.REVIEW, Stage.QUEUED, Stage.SCORING]
    waiting = Submission.objects.filter(stage__in=ours).order_by("created_at")
    for submission_id in list(waiting.values_list("pk", flat=True)):
        _advance_while_possible(str(submission_id))


def _advance_while_possible(submission_id: str) -> None:
    try:
        while advance(submission_id):
            pass
    except Exception:  # one submission that cannot go on must not keep the others from it
        log.exception("advance_failed", submission=submission_id)


def _step(submission: Submission) -> bool:
    """Take a step; True where it was one of the reviews, which leave the submission where it is."""
    if submission.status == Status.HELD:
        opening.open_missing(submission.pk, by=BY)
        return False  # only an operator moves it
    match Stage(submission.stage):
        case Stage.RECEIVED:
            transitions.begin_review(submission.pk, by=BY)
        case Stage.REVIEW if trained_architecture.is_unsettled(submission):
            find_architecture(submission, by=BY)
            return True
        case Stage.REVIEW:
            return _review(submission)
        case Stage.QUEUED:
            _queue(submission)
        case Stage.EVALUATING:
            pass  # the reconcile tick moves it on when its job has ended
        case Stage.SCORING:
            _score(submission)
        case Stage.DONE:
            pass
    return False


def _review(submission: Submission) -> bool:
    """One reviewer at a time; when all have looked, the worst that they found decides."""
    try:
        policy = _policy(submission)
        reviewed = reviews.review_next(submission.pk, policy)
    except (PolicyInvalid, *UNAVAILABLE) as error:
        note_waiting(submission.pk, by=BY, code=error.code, detail=str(error))
        _ring_waiting(submission.pk)
        return False
    if reviewed:
        ring(Submission, submission.pk)
        _ring_waiting(submission.pk)
    elif reviews.next_reviewer(submission.pk, policy) is None:
        _judge(submission)
    return reviewed


def _ring_waiting(done: UUID) -> None:
    """Reviewers that look at one submission at a time are free for the next one that waits."""
    following = turns.waiting(besides=done)
    if following is not None:
        ring(Submission, following)


def _judge(submission: Submission) -> None:
    decision = reviews.decision_of(submission.pk)
    match decision.outcome:
        case Outcome.PASS | Outcome.FLAG:
            transitions.enqueue(submission.pk, by=BY)
        case Outcome.REJECT:
            assert decision.because is not None
            code, reason = decision.because.code, decision.because.sentence
            transitions.reject(submission.pk, by=BY, reason_code=code, reason=reason)
        case Outcome.HOLD | Outcome.QUARANTINE:
            hold_for_suspicions(submission.pk, by=BY)


def _queue(submission: Submission) -> None:
    """The runs exist from now on; a launch tick takes them when a slot is free."""
    stopped = holds.open_holds(submission.pk).first()
    if stopped is not None:
        _hold_again(stopped)
        return
    try:
        request_runs(submission, _policy(submission))
    except (DataError, PolicyInvalid) as error:
        note_waiting(submission.pk, by=BY, code=error.code, detail=str(error))
    else:
        bell.ring(LAUNCH, once=True, queue=LAUNCHES)


def _score(submission: Submission) -> None:
    """The score is stored, and whose it is; an anomaly, an open hold or a doubt stops it before it counts.

    The lock comes before the look at the holds: an undo that comes later finds the submission completed.
    """
    with transaction.atomic():
        locked = hold_moves.lock_submission(submission.pk)
        if locked.status != Status.RUNNING or locked.stage != Stage.SCORING:
            return  # another worker took this step
        stopped = holds.open_holds(submission.pk).first()
        score = scoring.record_score(submission_id=submission.pk, by=BY, held=True)
        if score.multiplier == 0:
            opening.hold_for_anomalies(submission.pk, by=BY)
        elif stopped is not None:
            _hold_again(stopped)
        else:
            settling.settle(submission.pk, by=BY)


def _hold_again(hold: Hold) -> None:
    """A decision was undone while the submission was on its way: it stops here."""
    data = {"hold": hold.pk, "kind": hold.kind}
    transitions.hold(hold.submission_id, by=BY, reason_code=hold.reason_code, reason=hold.summary, data=data)


def _policy(submission: Submission) -> Policy:
    return resolve_policy(official=Mode(submission.mode).is_official)


def _longest_seconds() -> int:
    """The time that a message gets: a step is as long as the slowest review."""
    policy = resolve_policy(official=False)
    return math.ceil(max(longest_seconds(reviewer, policy) for reviewer in Review.Reviewer))
