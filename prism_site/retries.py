"""A miner asks for another try at what the infrastructure failed, a few times and no more."""

from uuid import UUID

from django.db import transaction

from evaluations import attempts
from evaluations.enums import RunState, Stage, Status
from evaluations.models import Submission
from prism_site import hold_moves
from prism_site.access import nonces
from prism_site.access.refusals import NonceReused
from reviews import holds
from reviews.hold_history import picture, record
from reviews.models import Hold, HoldEvent

MAX_RETRIES = 3  # of one submission
VERB = "retry"


class NotOwner(Exception):
    """Another hotkey submitted it."""

    code = "not_owner"


class RetryNotPossible(Exception):
    """It was not the infrastructure that stopped the submission."""

    code = "retry_not_possible"


class RetriesSpent(Exception):
    """The submission has had its tries: an operator decides."""

    code = "retries_spent"


def retry(submission_id: UUID, *, hotkey: str, nonce: str, body_sha256: str) -> Submission:
    """Queue a submission again that the infrastructure failed; the same message again changes nothing.

    Raises `Submission.DoesNotExist`, `NotOwner`, `NonceReused`, `RetryNotPossible` and `RetriesSpent`.
    """
    with transaction.atomic():
        submission = hold_moves.lock_submission(submission_id)
        if submission.hotkey != hotkey:
            raise NotOwner("only the hotkey that submitted it asks for another try")
        earlier = nonces.claim(hotkey, nonce, body_sha256)
        if earlier is not None:
            return _answered(submission, earlier.submission_id)
        nonces.bind(hotkey, nonce, submission_id)
        _check(submission)
        number = 1 + submission.events.filter(verb=VERB).count()
        by = f"miner:{hotkey}"
        for hold in holds.open_holds(submission_id):
            _resolve(hold, by=by, note=f"Its owner asked for try {number} of {MAX_RETRIES}.")
        attempts.retry(submission_id, by=by, data={"retry": number, "of": MAX_RETRIES})
    return Submission.objects.get(pk=submission_id)


def _answered(submission: Submission, answered_id: UUID | None) -> Submission:
    """The receipt of the first; a message says nothing about another submission."""
    if answered_id != submission.pk:
        raise NonceReused
    return submission


def _check(submission: Submission) -> None:
    others = holds.open_holds(submission.pk).exclude(kind=Hold.Kind.INFRASTRUCTURE)
    stopped = (submission.status, submission.stage) in {
        (Status.HELD, Stage.QUEUED),
        (Status.FAILED, Stage.DONE),
    }
    lost = submission.runs.filter(state=RunState.ABANDONED).exists()
    if not (stopped and lost and submission.reason_code == attempts.INFRASTRUCTURE) or others.exists():
        raise RetryNotPossible("only what the infrastructure failed can be tried again")
    if submission.events.filter(verb=VERB).count() >= MAX_RETRIES:
        raise RetriesSpent(f"it was tried again {MAX_RETRIES} times; an operator decides what follows")


def _resolve(hold: Hold, *, by: str, note: str) -> None:
    before = picture(hold)
    resolved = holds.resolve(hold.pk, Hold.Decision.RELEASE, by=by, note=note, version=hold.version)
    record(resolved, HoldEvent.Verb.DECIDE, by=by, before={"hold": before}, note=note)
