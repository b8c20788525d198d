"""Bringing rows and jobs together again, whatever was killed in between."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from evaluations import bell
from evaluations.attempts import finish, lose, renew
from evaluations.backends import folders, local, registry
from evaluations.backends.hostile_files import FileRefused
from evaluations.backends.jobs import Backend, BackendFault, BackendUnavailable, Ending, Fault, JobState
from evaluations.enums import AttemptState, RunState, Stage, Status
from evaluations.host_lock import launch_lock
from evaluations.models import Attempt, Run, Submission
from evaluations.models.attempt import LIVE_STATES, VALIDATOR
from evaluations.progress import host_fault, ingest
from evaluations.signals import submission_moved
from prism_site.config import env

PROGRESS = "progress.jsonl"
HOST_FAULT = 3  # the referee's exit status for a fault that is not the submission's
STALE = timedelta(seconds=15)  # a submission whose next step nobody took
RUNG_AT_ONCE = 20  # so that an outage ends with a trickle of messages, not with a herd
log = structlog.get_logger(__name__)


def attend_jobs() -> None:
    """Look after every attempt of this host: adopt, ingest, finalise, give up."""
    for attempt in Attempt.objects.filter(host=local.this_host(), state__in=LIVE_STATES):
        try:
            attend(attempt)
        except Exception:  # one attempt that cannot be looked after must not take the others with it
            log.exception("attempt_unattended", attempt=attempt.label)


def attend(attempt: Attempt) -> None:
    """Bring one attempt's row up to what its folder and its backend say."""
    backend = registry.of(attempt.backend)
    try:
        with structlog.contextvars.bound_contextvars(attempt=attempt.label):
            _attend(backend, attempt)
    except BackendUnavailable as error:
        _bear(attempt, error)


def renew_here() -> int:
    """Extend the leases of jobs that are seen alive on this host; count them.

    The supervisor does so itself: a pool of workers that hangs or starts anew must cost no run its attempt.
    """
    running = Attempt.objects.filter(host=local.this_host(), state=AttemptState.RUNNING)
    return sum(_renew_if_alive(attempt) for attempt in running)


def _renew_if_alive(attempt: Attempt) -> bool:
    try:
        look = registry.of(attempt.backend).poll(attempt.label)
    except BackendFault as error:
        log.warning("backend_unavailable", attempt=attempt.label, code=error.code, detail=str(error))
        return False
    return look.state is JobState.RUNNING and renew(attempt, handle=look.handle)


def _attend(backend: Backend, attempt: Attempt) -> None:
    look = backend.poll(attempt.label)
    match look.state:
        case JobState.ABSENT:
            _give_up_unless_launching(backend, attempt)
        case JobState.RUNNING:
            if renew(attempt, handle=look.handle):
                _ingest(attempt)
        case JobState.ENDED:
            _conclude(backend, attempt)


def _bear(attempt: Attempt, error: BackendUnavailable) -> None:
    """Nobody knows how the job stands: its lease runs on, and when it has run out another turn is due."""
    log.warning("backend_unavailable", attempt=attempt.label, code=error.code, detail=str(error))
    if Attempt.objects.filter(pk=attempt.pk, lease_expires_at__lt=Now()).exists():
        lose(attempt, reason=error.code, detail=str(error), counted=False)


def lose_expired(**only: Any) -> int:
    """Give up attempts of hosts that have not renewed their lease, `only` those that match; count them.

    What a validator never accepted has run nowhere, and burns no allowance.
    """
    expired = Attempt.objects.filter(state__in=LIVE_STATES, lease_expires_at__lt=Now(), **only)
    return sum(
        lose(attempt, reason="lease_expired", counted=not _never_accepted(attempt))
        for attempt in expired.exclude(host=local.this_host())
    )


def _never_accepted(attempt: Attempt) -> bool:
    return attempt.backend == VALIDATOR and attempt.state == AttemptState.LEASED


def sweep_folders() -> None:
    """End jobs of this host that belong to no live attempt, and clean up after them."""
    for label in sorted({*folders.marked(), *_strays()}):
        run_id, _, token = label.partition(".")
        attempt = Attempt.objects.filter(run_id=run_id, fencing_token=int(token)).first()
        if attempt is None or attempt.state not in LIVE_STATES:
            _end(attempt.backend if attempt else env().execution_backend, label)


def _strays() -> list[str]:
    """Jobs that the backend found by itself: their folder, or the row of their attempt, may be gone."""
    try:
        return registry.configured().strays()
    except BackendFault as error:
        log.warning("backend_unavailable", code=error.code, detail=str(error))
        return []


def _end(backend_name: str, label: str) -> None:
    """What cannot be ended now keeps its mark, so that the next sweep tries again."""
    try:
        backend = registry.of(backend_name)
        backend.stop(label)
        backend.clean(label)
    except BackendFault as error:
        log.warning("job_not_ended", attempt=label, code=error.code, detail=str(error))


def ring_stale() -> None:
    """Announce submissions again whose last announcement led nowhere.

    Which of many is left to chance, so that some that cannot go on do not keep the rest from their turn.
    """
    room = RUNG_AT_ONCE - bell.waiting_count()
    unanswered = Q(stage__in=[Stage.RECEIVED, Stage.REVIEW, Stage.SCORING]) | Q(
        stage=Stage.QUEUED, runs__isnull=True
    )
    # Hosts write `updated_at` by their own clocks: one that is ahead must keep nobody from its turn.
    old = Q(updated_at__lt=Now() - STALE) | Q(updated_at__gt=Now() + STALE)
    stale = Submission.objects.filter(unanswered, old).exclude(status=Status.HELD)
    for submission_id in stale.order_by("?").values_list("pk", flat=True)[: max(room, 0)]:
        submission_moved.send(sender=Submission, submission_id=submission_id)


def anything_queued() -> bool:
    """Whether a run waits for a slot."""
    return Run.objects.filter(state=RunState.QUEUED).exclude(submission__status=Status.HELD).exists()


def _give_up_unless_launching(backend: Backend, attempt: Attempt) -> None:
    """Without a handle the job never started, unless some process is about to start it right now."""
    with launch_lock() as nobody_launches:
        if nobody_launches and backend.poll(attempt.label).state is JobState.ABSENT:
            lose(attempt, reason="never_started")


def _conclude(backend: Backend, attempt: Attempt) -> None:
    """The job has ended: whatever it left running is ended too, then its result is taken."""
    backend.stop(attempt.label)
    ending = backend.collect(attempt.label)
    _ingest(attempt)
    _take(attempt, ending)
    backend.clean(attempt.label)


def _take(attempt: Attempt, ending: Ending) -> None:
    if ending.manifest is None:
        fault = ending.fault or _fault_of(attempt, ending.exit_code)
        lose(
            attempt,
            reason=fault.code,
            detail=fault.detail,
            exit_code=ending.exit_code,
            counted=fault.counted,
        )
    elif _is_of(attempt, ending.manifest):
        finish(attempt, manifest=ending.manifest, exit_code=ending.exit_code)
    else:
        lose(attempt, reason="manifest_foreign", exit_code=ending.exit_code)


def _fault_of(attempt: Attempt, exit_code: int | None) -> Fault:
    """A fault that the referee named itself is this host's, and costs the run none of its attempts."""
    named = None
    if exit_code == HOST_FAULT:
        with suppress(FileRefused):
            named = host_fault(folders.folder_of(attempt.label) / PROGRESS)
    if named is None:
        return Fault("job_died", f"exit status {exit_code}")
    return Fault(*named, counted=False)


def _is_of(attempt: Attempt, manifest: dict[str, object]) -> bool:
    run = attempt.run
    return (manifest["submission_id"], manifest["run_id"], manifest["mode"]) == (
        run.subject,
        str(run.pk),
        run.mode,
    )


def _ingest(attempt: Attempt) -> None:
    """The curve is a convenience: progress that cannot be read must not cost a result."""
    try:
        ingest(attempt, folders.folder_of(attempt.label) / PROGRESS)
    except FileRefused as error:
        log.warning("progress_refused", attempt=attempt.label, detail=str(error))
