"""What a decision about a hold does to the submission and its score, and how that is taken back.

Everything here runs inside the transaction of a decision, with the rows locked by `lock`.
"""

from typing import Any
from uuid import UUID

from evaluations import attempts, events, transitions
from evaluations.enums import Stage, Status
from evaluations.models import Run, Submission
from evaluations.transitions import TransitionRefused
from prism_site import settling
from reviews import holds
from reviews.models import Hold, HoldEvent
from scoring import actions as scoring
from scoring import ownership
from scoring.models import Score
from scoring.ownership import State

DECIDE, UNDO = "decide", "undo"


class UndoTooLate(Exception):
    """What followed from the decision cannot be taken back."""

    code = "undo_too_late"


def lock(hold_id: int) -> Hold:
    """The locked hold, after everything that a decision may write, in the order that all writers keep.

    Runs come before their submission (`evaluations.attempts`), the hotkey's turn before its scores
    (`scoring.actions`), a submission before its holds. The turn of the mode's families comes last.
    """
    submission_id = Hold.objects.values_list("submission_id", flat=True).get(pk=hold_id)
    lock_submission(submission_id)
    return Hold.objects.select_for_update(of=("self",)).select_related("submission").get(pk=hold_id)


def lock_submission(submission_id: UUID) -> Submission:
    """The locked submission, with its runs and the turn of its hotkey."""
    list(Run.objects.select_for_update().filter(submission_id=submission_id).order_by("pk"))
    scoring.take_turn(submission_id)
    return Submission.objects.select_for_update().get(pk=submission_id)


def picture(submission_id: UUID) -> dict[str, Any]:
    """Where a submission and its score stand, for before and after."""
    submission = Submission.objects.select_related("score").get(pk=submission_id)
    found: dict[str, Any] = {name: getattr(submission, name) for name in ("status", "stage", "reason_code")}
    score: Score | None = getattr(submission, "score", None)
    if score is not None:
        found |= {"multiplier": score.multiplier, "final_score": score.final_score}
    return found


def carry_out(hold: Hold, before: dict[str, Any]) -> None:
    """Move submission and score as a resolved hold says; raises `TransitionRefused`."""
    told = {"hold": hold.pk, "kind": hold.kind, "decision": hold.decision, "note": hold.note}
    told |= {"before": before}
    match Hold.Decision(hold.decision):
        case Hold.Decision.CONFIRM:
            holds.close_with(hold)
            _end(hold, told)
        case Hold.Decision.LIFT_MULTIPLIER:
            _lift(hold)
            _let_go(hold, told)
        case Hold.Decision.RELEASE | Hold.Decision.ATTRIBUTE:
            _let_go(hold, told)


def take_back(hold: Hold, before: dict[str, Any], *, by: str, note: str) -> None:
    """Bring a submission back to where a locked hold, still resolved, stops it.

    What is being evaluated right now goes on; the open hold stops it before its score counts.
    Raises `UndoTooLate` where it cannot be brought back.
    """
    told = {"hold": hold.pk, "kind": hold.kind, "undone": hold.decision, "note": note, "before": before}
    submission = Submission.objects.get(pk=hold.submission_id)
    lifted = hold.decision == Hold.Decision.LIFT_MULTIPLIER
    why = {"reason_code": hold.reason_code, "reason": hold.summary}
    match Status(submission.status), Stage(submission.stage):
        case Status.PENDING, Stage.QUEUED:
            transitions.hold(submission.pk, by=by, data=told, **why)
        case Status.COMPLETED, _:
            scoring.withdraw(submission_id=submission.pk, unlift=lifted)
            _claims_nothing(hold, told, by)
            transitions.reopen_score(submission.pk, by=by, data=told, **why)
        case ((Status.REJECTED | Status.FAILED), _):
            _revive(hold, told, by)
        case _:
            if lifted:
                scoring.withdraw(submission_id=submission.pk, unlift=True)
            events.append(submission, verb=UNDO, by=by, reason_code=hold.reason_code, data=told)


def _end(hold: Hold, told: dict[str, Any]) -> None:
    submission = Submission.objects.get(pk=hold.submission_id)
    if submission.status in {Status.REJECTED, Status.FAILED}:
        events.append(submission, verb=DECIDE, by=hold.decided_by, data=told)
        return
    ownership.set_aside(submission_id=submission.pk, state=State.REJECTED, by=hold.decided_by, why=told)
    infrastructure = hold.kind == Hold.Kind.INFRASTRUCTURE and submission.status == Status.HELD
    # What the host could not carry out was not measured; nothing speaks against the submission itself.
    (transitions.fail if infrastructure else transitions.reject)(
        submission.pk,
        by=hold.decided_by,
        reason_code=hold.reason_code,
        reason=f"An operator confirmed it: {hold.note}",
        data=told,
    )


def _lift(hold: Hold) -> None:
    if not Score.objects.filter(pk=hold.submission_id).exists():
        raise TransitionRefused("there is no score yet whose multiplier could be lifted")
    scoring.lift(submission_id=hold.submission_id)


def _let_go(hold: Hold, told: dict[str, Any]) -> None:
    """The submission goes on, unless another hold still stops it or nothing had stopped it yet."""
    submission = Submission.objects.get(pk=hold.submission_id)
    if submission.stage == Stage.DONE:
        raise TransitionRefused(f"the submission is {submission.status} already")
    stopped = holds.open_holds(submission.pk).exists()
    if submission.status != Status.HELD or stopped:
        events.append(submission, verb=DECIDE, by=hold.decided_by, data=told)
        return
    match Stage(submission.stage):
        case Stage.SCORING:
            settling.settle(submission.pk, by=hold.decided_by, told=told, deciding=True)
        case Stage.QUEUED:
            attempts.release(submission.pk, by=hold.decided_by, note=hold.note, data=told)
        case _:
            transitions.release(submission.pk, by=hold.decided_by, reason=hold.note, data=told)


def _revive(hold: Hold, told: dict[str, Any], by: str) -> None:
    """Hold again what this very decision ended."""
    stood = _stood_when_decided(hold)
    if hold.decision != Hold.Decision.CONFIRM or stood.get("status") not in {Status.PENDING, Status.HELD}:
        raise UndoTooLate("the submission ended in the meantime, and not by this decision alone")
    _claims_nothing(hold, told, by)
    verb = transitions.reopen_score if stood["stage"] == Stage.SCORING else transitions.reopen
    verb(hold.submission_id, by=by, reason_code=hold.reason_code, reason=hold.summary, data=told)


def _claims_nothing(hold: Hold, told: dict[str, Any], by: str) -> None:
    """Its attribution waits with it."""
    state = State.HELD if Hold.Kind(hold.kind) in holds.ATTRIBUTED else State.WITHDRAWN
    ownership.set_aside(submission_id=hold.submission_id, state=state, by=by, why=told)


def _stood_when_decided(hold: Hold) -> dict[str, Any]:
    """Where the submission stood before the newest decision about a hold."""
    decided = hold.events.filter(verb=HoldEvent.Verb.DECIDE).order_by("pk").last()
    stood: dict[str, Any] = decided.before.get("submission", {}) if decided else {}
    return stood
