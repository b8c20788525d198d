"""How an assignment goes on: accepted and renewed, given back, run out. Its result is taken in `results`."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models.functions import Now

from evaluations import progress
from evaluations.attempts import lose, renew
from evaluations.enums import AttemptState
from evaluations.launching import HOST_FAULTS
from evaluations.models import Assignment, Attempt, CurvePoint
from evaluations.models.attempt import LIVE_STATES, VALIDATOR
from evaluations.reconcile import lose_expired
from evaluations.validators.refusals import AssignmentOver, AssignmentUnknown

GIVEN_BACK = "validator_rejected"
OVERDUE = "validator_overdue"
log = structlog.get_logger(__name__)


def held_by(hotkey: str, assignment_id: UUID) -> Assignment:
    """The assignment of a validator; raises `AssignmentUnknown` for anybody else's too."""
    found = Assignment.objects.select_related("attempt__run").filter(pk=assignment_id, validator=hotkey)
    assignment = found.first()
    if assignment is None:
        raise AssignmentUnknown("No assignment of this validator has this id.")
    return assignment


def accept(assignment: Assignment, *, first: int, lines: list[str]) -> int:
    """Take on an assignment, or go on with it: the lease starts anew. Return how many lines are known.

    `lines` are those of the referee's progress from number `first` on; what is known already is passed over.
    Raises `AssignmentOver`.
    """
    attempt = assignment.attempt
    check_live(assignment)
    if _is_overdue(assignment):
        lose(attempt, reason=OVERDUE, detail="The run took longer than any run may.")
        raise AssignmentOver("The time for this run is up.")
    if not renew(attempt, handle={"validator": assignment.validator}):
        raise AssignmentOver("The lease has been given up.")
    return _take_progress(assignment, first, [line.encode() for line in lines])


def give_back(assignment: Assignment, *, reason: str) -> None:
    """The validator does not bring this run to an end: it waits for another turn.

    It costs the run an attempt only where it may have been the run's own doing.
    """
    attempt = assignment.attempt
    check_live(assignment)
    counted = attempt.state == AttemptState.RUNNING and not reason.startswith(HOST_FAULTS)
    if not lose(attempt, reason=GIVEN_BACK, detail=reason, counted=counted):
        raise AssignmentOver("The lease has been given up.")


def expire() -> int:
    """Give up the assignments whose lease has run out; return how many."""
    return lose_expired(backend=VALIDATOR)


def check_live(assignment: Assignment) -> None:
    """Raise `AssignmentOver` unless the lease stands, by the database's clock.

    A lease that ran out is over at once, whether or not somebody has reconciled since.
    """
    live = Attempt.objects.filter(pk=assignment.attempt_id, state__in=LIVE_STATES, lease_expires_at__gt=Now())
    if not live.exists():
        raise AssignmentOver("The lease has run out, or the assignment has ended.")


def _is_overdue(assignment: Assignment) -> bool:
    limit = timedelta(seconds=assignment.specification["hard_limit_seconds"])
    return Attempt.objects.filter(pk=assignment.attempt_id, started_at__lt=Now() - limit).exists()


def _take_progress(assignment: Assignment, first: int, lines: list[bytes]) -> int:
    """Store the points among new lines; the count of lines is the sequence number, as on our own hosts."""
    attempt = assignment.attempt
    known: int = Attempt.objects.values_list("lines_ingested", flat=True).get(pk=attempt.pk)
    if first > known:
        return known  # a gap: the validator goes on from what is known
    new = lines[known - first :]
    if not new:
        return known
    cuts = attempt.run.yardsticks["bytes"]
    points = [point for point in progress.points_of(attempt, new) if _is_at_a_cut(point, cuts)]
    progress.store(attempt, points, before=known, after=known + len(new))
    return known + len(new)


def _is_at_a_cut(point: CurvePoint, cuts: list[int]) -> bool:
    return point.index < len(cuts) and point.stream_bytes == cuts[point.index]
