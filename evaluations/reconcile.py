"""Bringing rows and jobs together again, whatever was killed in between."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from evaluations import bell
from evaluations.attempts import finish, lose, renew
from evaluations.backends import folders, local
from evaluations.backends.hostile_files import FileRefused
from evaluations.backends.local import JobState
from evaluations.enums import AttemptState, RunState, Stage, Status
from evaluations.host_lock import launch_lock
from evaluations.models import Attempt, Run, Submission
from evaluations.models.attempt import LIVE_STATES, VALIDATOR
from evaluations.progress import host_fault, ingest
from evaluations.runner.manifest import ManifestInvalid
from evaluations.signals import submission_moved

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
    """Bring one attempt's row up to what its folder and the host say."""
    folder = folders.folder_of(attempt.label)
    match local.poll(folder):
        case JobState.ABSENT:
            _give_up_unless_launching(attempt)
        case JobState.RUNNING:
            if renew(attempt, handle=local.read_handle(folder) or {}):
                _ingest(attempt)
        case JobState.ENDED:
            _conclude(attempt)


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
    """End jobs on this host that belong to no live attempt, and clean up after them."""
    for label in folders.marked():
        run_id, _, token = label.partition(".")
        live = Attempt.objects.filter(run_id=run_id, fencing_token=int(token), state__in=LIVE_STATES)
        if not live.exists():
            local.stop(folders.folder_of(label))
            folders.clean(label)


def ring_stale() -> None:
    """Announce submissions again whose last announcement led nowhere.

    Which of many is left to chance, so that some that cannot go on do not keep the rest from their turn.
    """
    room = RUNG_AT_ONCE - bell.waiting_count()
    unanswered = Q(stage__in=[Stage.RECEIVED, Stage.REVIEW, Stage.SCORING]) | Q(
        stage=Stage.QUEUED, runs__isnull=True
    )
    stale = Submission.objects.filter(unanswered, updated_at__lt=Now() - STALE).exclude(status=Status.HELD)
    for submission_id in stale.order_by("?").values_list("pk", flat=True)[: max(room, 0)]:
        submission_moved.send(sender=Submission, submission_id=submission_id)


def anything_queued() -> bool:
    """Whether a run waits for a slot."""
    return Run.objects.filter(state=RunState.QUEUED).exclude(submission__status=Status.HELD).exists()


def _give_up_unless_launching(attempt: Attempt) -> None:
    """Without a handle the job never started, unless some process is about to start it right now."""
    with launch_lock() as nobody_launches:
        if nobody_launches and local.poll(folders.folder_of(attempt.label)) is JobState.ABSENT:
            lose(attempt, reason="never_started")


def _conclude(attempt: Attempt) -> None:
    """The job has ended: whatever it left running is ended too, then its result is taken."""
    folder = folders.folder_of(attempt.label)
    local.stop(folder)
    _ingest(attempt)
    code = local.exit_code(folder)
    try:
        manifest = local.collect(folder)
    except (ManifestInvalid, FileRefused) as error:
        lose(attempt, reason=error.code, detail=str(error), exit_code=code)
    else:
        if manifest is None:
            _lose_without_manifest(attempt, code)
        elif _is_of(attempt, manifest):
            finish(attempt, manifest=manifest, exit_code=code)
        else:
            lose(attempt, reason="manifest_foreign", exit_code=code)
    folders.clean(attempt.label)


def _lose_without_manifest(attempt: Attempt, code: int | None) -> None:
    """A fault that the referee named itself is this host's, and costs the run none of its attempts."""
    fault = None
    if code == HOST_FAULT:
        with suppress(FileRefused):
            fault = host_fault(folders.folder_of(attempt.label) / PROGRESS)
    if fault is None:
        lose(attempt, reason="job_died", detail=f"exit status {code}", exit_code=code)
    else:
        lose(attempt, reason=fault[0], detail=fault[1], exit_code=code, counted=False)


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
