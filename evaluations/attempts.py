"""How an attempt goes on and ends. Every write is guarded by the attempt's state and fencing token.

An ending that comes twice, late or with an old token changes nothing and says so in the log.
"""

from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from evaluations import gpu_leases, transitions
from evaluations.claims import LEASE
from evaluations.enums import AttemptState, RunState, Stage, Verdict
from evaluations.models import Attempt, Run, Submission
from evaluations.models.attempt import LIVE_STATES

BY = "system:reconcile"
ALLOWED_ATTEMPTS = 3  # counted when claimed, so that a run which kills its host is counted too
INFRASTRUCTURE = "infrastructure"
DECIDED = "another_seed_decided"  # why an attempt was given up that did nothing wrong
log = structlog.get_logger(__name__)


def renew(attempt: Attempt, *, handle: dict[str, Any]) -> bool:
    """The job was seen alive: extend the lease; False if the attempt is no longer ours to extend."""
    renewed = _live(attempt).update(
        state=AttemptState.RUNNING, handle=handle, heartbeat_at=Now(), lease_expires_at=Now() + LEASE
    )
    if renewed:
        gpu_leases.renew(attempt)
    return renewed == 1


def finish(attempt: Attempt, *, manifest: dict[str, Any], exit_code: int | None) -> bool:
    """Take an attempt's manifest as the result of its run, once, and move the submission accordingly.

    `manifest` has been validated; its verdict decides. False where another ending came first.
    """
    with transaction.atomic():
        _lock_all_seeds(attempt)
        run = _current_run(attempt)
        if run is None or not _close(attempt, AttemptState.FINISHED, "", exit_code):
            log.warning("result_ignored", attempt=attempt.label)
            return False
        Run.objects.filter(pk=run.pk).update(
            state=RunState.FINISHED,
            manifest=manifest,
            verdict=manifest["verdict"],
            code=manifest["code"] or "",
            finished_at=Now(),
        )
        if run.submission_id is not None:
            _conclude(run.submission_id, manifest)
    return True


def lose(
    attempt: Attempt,
    *,
    reason: str,
    detail: str = "",
    exit_code: int | None = None,
    counted: bool = True,
) -> bool:
    """Give up an attempt without a manifest: its run waits for another, or is held when they are used up.

    A yardstick holds nobody: it is abandoned, and those it would have measured say so.

    `counted` is False where the job never ran, so that broken data or a full disk burns no allowance.
    """
    with transaction.atomic():
        run = _current_run(attempt)
        if not _close(attempt, AttemptState.LOST, reason, exit_code):
            return False
        if run is None:
            return True  # an older token: a newer attempt has the run
        made = run.attempts_made - (0 if counted else 1)
        exhausted = made >= ALLOWED_ATTEMPTS
        state = RunState.ABANDONED if exhausted else RunState.QUEUED
        Run.objects.filter(pk=run.pk).update(state=state, attempts_made=made)
        data = {"attempt": attempt.number, "host": attempt.host, "reason": reason, "detail": detail[:1000]}
        if run.submission_id is not None:
            (_hold if exhausted else _requeue)(run.submission_id, reason, data)
    log.warning("attempt_lost", attempt=attempt.label, reason=reason, detail=detail[:1000])
    return True


def release(submission_id: Any, *, by: str, note: str, data: dict[str, Any] | None = None) -> None:
    """An operator lets a submission that the infrastructure failed try again, with a fresh allowance.

    Raises:
        TransitionRefused: the submission is not held.
    """
    with transaction.atomic():
        _renew_allowance(submission_id)
        transitions.release(submission_id, by=by, reason=note, data=data)


def retry(submission_id: Any, *, by: str, data: dict[str, Any]) -> None:
    """Its owner asks for the same.

    Raises:
        TransitionRefused: the submission is neither held in the queue nor failed.
    """
    with transaction.atomic():
        _renew_allowance(submission_id)
        transitions.retry(submission_id, by=by, data=data)


def _renew_allowance(submission_id: Any) -> None:
    abandoned = Run.objects.select_for_update().filter(submission_id=submission_id, state=RunState.ABANDONED)
    runs = [run.pk for run in abandoned.order_by("pk")]
    Run.objects.filter(pk__in=runs).update(state=RunState.QUEUED, attempts_made=0)


def _live(attempt: Attempt) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt.pk, state__in=LIVE_STATES, fencing_token=attempt.fencing_token)


def _lock_all_seeds(attempt: Attempt) -> None:
    """Where one seed decides for all, runs are locked in one order, and before their submission."""
    of_submission = Run.objects.filter(submission__runs=attempt.run_id)
    list(of_submission.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _current_run(attempt: Attempt) -> Run | None:
    """The locked run, if this attempt still is its newest."""
    return (
        Run.objects.select_for_update()
        .filter(pk=attempt.run_id, state=RunState.RUNNING, fencing_token=attempt.fencing_token)
        .first()
    )


def _close(attempt: Attempt, state: AttemptState, reason: str, exit_code: int | None) -> bool:
    closed = _live(attempt).update(state=state, reason=reason, exit_code=exit_code, ended_at=Now())
    if closed:
        gpu_leases.release(attempt)
    return closed == 1


def _conclude(submission_id: Any, manifest: dict[str, Any]) -> None:
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    if submission.stage != Stage.EVALUATING:
        return  # another seed's run has decided already
    manifest = _decisive(submission) or manifest
    data = {"run": manifest["run_id"]}
    code, reason = manifest["code"] or "", manifest["reason"] or ""
    match Verdict(manifest["verdict"]):
        case Verdict.SCORED:
            if not submission.runs.exclude(state=RunState.FINISHED).exists():
                transitions.begin_scoring(submission_id, by=BY, data=data)
            return
        case Verdict.REJECTED:
            transitions.reject(submission_id, by=BY, reason_code=code, reason=reason, data=data)
        case Verdict.FAILED:
            transitions.fail(submission_id, by=BY, reason_code=code, reason=reason, data=data)
    _spare_the_rest(submission)


def _spare_the_rest(submission: Submission) -> None:
    """The other seeds are not run, or not on: reconciling ends the jobs whose attempt is over."""
    rest = submission.runs.filter(state__in=[RunState.QUEUED, RunState.RUNNING])
    live = Attempt.objects.filter(run__in=rest, state__in=LIVE_STATES)
    live.update(state=AttemptState.LOST, reason=DECIDED, ended_at=Now())
    rest.update(state=RunState.ABANDONED)


def _decisive(submission: Submission) -> dict[str, Any] | None:
    """The manifest of a run that was not scored: it decides for all seeds, also where it came while held."""
    ended = submission.runs.filter(state=RunState.FINISHED).exclude(verdict=Verdict.SCORED)
    manifest: dict[str, Any] | None = ended.order_by("finished_at").values_list("manifest", flat=True).first()
    return manifest


def _requeue(submission_id: UUID, reason: str, data: dict[str, Any]) -> None:
    """Back to the queue, unless another seed's run keeps the submission evaluating."""
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    others = Attempt.objects.filter(run__submission=submission, state__in=LIVE_STATES)
    if submission.stage == Stage.EVALUATING and not others.exists():
        transitions.requeue(submission.pk, by=BY, reason_code=reason, data=data)


def _hold(submission_id: UUID, reason: str, data: dict[str, Any]) -> None:
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    if submission.stage != Stage.EVALUATING:
        return
    sentence = f"The run was lost {ALLOWED_ATTEMPTS} times ({reason}); an operator looks into it."
    transitions.hold(submission.pk, by=BY, reason_code=INFRASTRUCTURE, reason=sentence, data=data)
