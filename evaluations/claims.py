"""Claiming one queued run: the database decides who gets it. Submissions go before yardsticks.

Locks are taken in one order everywhere, the run before its submission.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from evaluations import transitions
from evaluations.enums import AttemptState, Mode, RunPurpose, RunState, Stage, Status
from evaluations.models import Attempt, Run, Submission
from evaluations.models.attempt import LIVE_STATES
from evaluations.transitions import TransitionRefused

BY = "system:launch"
LEASE = timedelta(
    seconds=60
)  # by the database's clock; renewed every few seconds by the host's reconcile tick


def claim(
    *,
    host: str,
    backend: str,
    modes: list[Mode],
    policy_row_ids: dict[str, int],
    passing_over: Collection[UUID] = (),
) -> Attempt | None:
    """Take the oldest queued run of these modes for `host`; None if there is none to be had.

    `passing_over` are ids of runs that this host is not to get now.

    On PostgreSQL `SKIP LOCKED` lets claimants pass each other; on SQLite writers queue up. Either way the
    conditional update on (state, token) is what decides.
    """
    try:
        with transaction.atomic():
            run = _oldest_queued(modes, passing_over) or _oldest_yardstick(modes, passing_over)
            if run is None or not _take(run):
                return None
            attempt = _record(run, host=host, backend=backend, policy_row_ids=policy_row_ids)
            _begin(attempt)
            return attempt
    except TransitionRefused:
        return None  # the submission was decided meanwhile; the claim is undone with it


def live_on(host: str) -> int:
    """Attempts that hold a slot of this host."""
    return Attempt.objects.filter(host=host, state__in=LIVE_STATES).count()


def in_turn(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Of some runs, those of submissions that wait for a slot, in the order in which they are claimed."""
    waiting = runs.filter(
        state=RunState.QUEUED,
        submission__status__in=[Status.PENDING, Status.RUNNING],
        submission__stage__in=[Stage.QUEUED, Stage.EVALUATING],
    )
    return waiting.order_by("submission__created_at", "created_at", "id")


def _oldest_queued(modes: list[Mode], passing_over: Collection[UUID]) -> Run | None:
    wanted = Run.objects.filter(mode__in=modes).exclude(pk__in=passing_over)
    return in_turn(wanted).select_for_update(skip_locked=True, of=("self",)).first()


def _oldest_yardstick(modes: list[Mode], passing_over: Collection[UUID]) -> Run | None:
    """No score waits for it, so it waits for all that a score waits for."""
    yardsticks = Run.objects.exclude(purpose=RunPurpose.SUBMISSION).exclude(pk__in=passing_over)
    waiting = yardsticks.filter(state=RunState.QUEUED, mode__in=modes).order_by("created_at", "id")
    return waiting.select_for_update(skip_locked=True, of=("self",)).first()


def _take(run: Run) -> bool:
    unclaimed = Run.objects.filter(pk=run.pk, state=RunState.QUEUED, fencing_token=run.fencing_token)
    taken = unclaimed.update(
        state=RunState.RUNNING, fencing_token=F("fencing_token") + 1, attempts_made=F("attempts_made") + 1
    )
    return taken == 1


def _record(run: Run, *, host: str, backend: str, policy_row_ids: dict[str, int]) -> Attempt:
    run.refresh_from_db()
    attempt = Attempt.objects.create(
        run=run,
        number=run.attempts.count() + 1,  # a restore makes tokens leap
        fencing_token=run.fencing_token,
        state=AttemptState.LEASED,
        backend=backend,
        host=host,
        lease_expires_at=Now() + LEASE,
        heartbeat_at=Now(),
        started_at=Now(),
        policy_row_ids=policy_row_ids,
    )
    attempt.refresh_from_db()
    return attempt


def _begin(attempt: Attempt) -> None:
    """Move the submission on; a second seed's run finds it moved already, a yardstick moves none."""
    if attempt.run.submission_id is None:
        return
    submission = Submission.objects.select_for_update().get(pk=attempt.run.submission_id)
    if submission.stage == Stage.EVALUATING:
        return
    data = {"run": str(attempt.run_id), "attempt": attempt.number, "host": attempt.host}
    transitions.begin_evaluation(submission.pk, by=BY, data=data)
