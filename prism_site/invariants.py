"""What must hold of the rows at every moment, whatever was killed: `manage.py verify` looks at all of it.

Each check yields a sentence for what is broken. Most of it the database forbids already; a database can be
restored, copied and written by hand.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from evaluations.enums import AttemptState, Mode, RunState, Stage, Status
from evaluations.event_chain import first_break
from evaluations.models import Attempt, Event, Run, Submission
from evaluations.models.attempt import LIVE_STATES
from evaluations.transitions import START, TABLE, State, state_of
from prism_site.policy.errors import PolicyInvalid
from scoring.models import Score
from scoring.payout import payout

MEASURED = (Stage.EVALUATING, Stage.SCORING)
BATCH = 200


@dataclass(frozen=True)
class Found:
    """One invariant and what breaks it."""

    name: str
    broken: list[str]


def check_all() -> list[Found]:
    """Every invariant, in the order of a submission's life."""
    return [Found(name, list(check())) for name, check in CHECKS.items()]


def chain_is_connected() -> Iterator[str]:
    """No event is missing between two others, and none was rewritten."""
    for submission in _with_history():
        place = first_break(submission.events.all())
        if place is not None:
            yield f"{submission.pk}: the history does not fit from event {place} on"


def moves_are_legal() -> Iterator[str]:
    """Every event follows from the one before by the table of moves."""
    for submission in _with_history():
        events = list(submission.events.all())
        wrong = next(
            (event.sequence for event, before in _pairs(events) if not _is_legal(event, before)), None
        )
        if wrong is not None:
            yield f"{submission.pk}: event {wrong} is no allowed move"


def history_equals_state() -> Iterator[str]:
    """Where the last event ends is where the submission stands."""
    for submission in _with_history():
        events = list(submission.events.all())
        if not events or _after(events[-1]) != state_of(submission):
            yield f"{submission.pk}: stands elsewhere than its history ends"


def measured_has_a_run() -> Iterator[str]:
    """Nobody is evaluated, scored or completed without a run."""
    without = Submission.objects.filter(runs__isnull=True)
    for submission_id in _ids(without.filter(Q(stage__in=MEASURED) | Q(status=Status.COMPLETED))):
        yield f"{submission_id}: has no run"


def running_has_one_live_attempt() -> Iterator[str]:
    """A running run is held by one attempt, the newest; any other run by none."""
    current = Q(attempts__state__in=LIVE_STATES, attempts__fencing_token=F("fencing_token"))
    counted = Run.objects.annotate(
        live=Count("attempts", filter=Q(attempts__state__in=LIVE_STATES)),
        current=Count("attempts", filter=current),
    )
    running = Q(state=RunState.RUNNING)
    wrong = counted.filter((running & (~Q(live=1) | ~Q(current=1))) | (~running & ~Q(live=0)))
    for run_id in wrong.values_list("pk", flat=True):
        yield f"{run_id}: is not held by exactly its newest attempt"


def finished_has_one_result() -> Iterator[str]:
    """One attempt's manifest was taken, and only of a finished run."""
    taken = Count("attempts", filter=Q(attempts__state=AttemptState.FINISHED))
    counted = Run.objects.annotate(taken=taken)
    finished = Q(state=RunState.FINISHED)
    for run_id in counted.filter((finished & ~Q(taken=1)) | (~finished & ~Q(taken=0))).values_list(
        "pk", flat=True
    ):
        yield f"{run_id}: has not exactly one result"


def tokens_grow() -> Iterator[str]:
    """Every attempt of a run has its own fencing token, none above the run's."""
    above = Attempt.objects.filter(fencing_token__gt=F("run__fencing_token"))
    for attempt in above.select_related("run"):
        yield f"{attempt.label}: has a token that its run never gave"
    shared = Attempt.objects.values("run_id", "fencing_token").annotate(many=Count("pk")).filter(many__gt=1)
    for row in shared:
        yield f"{row['run_id']}.{row['fencing_token']}: two attempts have one token"


def completed_has_one_score() -> Iterator[str]:
    """A completed submission has its score, and what was never measured has none."""
    for submission_id in _ids(Submission.objects.filter(status=Status.COMPLETED, score__isnull=True)):
        yield f"{submission_id}: is completed without a score"
    early = Q(submission__stage__in=[Stage.RECEIVED, Stage.REVIEW, Stage.QUEUED, Stage.EVALUATING])
    for submission_id in Score.objects.filter(early).values_list("pk", flat=True):
        yield f"{submission_id}: has a score before it was measured"


def only_completed_weighs() -> Iterator[str]:
    """Nobody earns by a submission that is held, failed, rejected or unknown."""
    for mode in Mode:
        try:
            earning = payout(mode).submissions
        except PolicyInvalid:
            continue  # nothing is paid until the policy is mended
        completed = Submission.objects.filter(pk__in=earning, status=Status.COMPLETED)
        known = {str(submission_id) for submission_id in _ids(completed)}
        for submission_id in sorted(set(earning) - known):
            yield f"{submission_id}: earns in {mode} and is not completed"


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    check.__name__.replace("_", " "): check
    for check in (
        chain_is_connected,
        moves_are_legal,
        history_equals_state,
        measured_has_a_run,
        running_has_one_live_attempt,
        finished_has_one_result,
        tokens_grow,
        completed_has_one_score,
        only_completed_weighs,
    )
}


def _with_history() -> Iterator[Submission]:
    submissions = Submission.objects.order_by("created_at", "pk").prefetch_related("events")
    return submissions.iterator(chunk_size=BATCH)


def _pairs(events: list[Event]) -> Iterator[tuple[Event, Event | None]]:
    yield from zip(events, [None, *events], strict=False)


def _is_legal(event: Event, before: Event | None) -> bool:
    if before is None:
        return _after(event) in START
    stood = _after(before)
    return _after(event) == TABLE[stood].get(event.verb, stood)


def _after(event: Event) -> State:
    return State(Status(event.status), Stage(event.stage))


def _ids(found: QuerySet[Submission]) -> list[UUID]:
    return list(found.values_list("pk", flat=True))
