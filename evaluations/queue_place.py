"""Where a submission stands in the queue, and when it will be measured, as far as the rows can tell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from evaluations.claims import in_turn
from evaluations.enums import RunState, Stage, Status
from evaluations.estimates import Line, Running, Span, play
from evaluations.models import Attempt, Run, Submission
from evaluations.surroundings import Surroundings, surroundings
from evaluations.waiting import VERB as WAITS

MOST_AHEAD = 1000  # runs; an estimate beyond these would be a guess
SILENT = timedelta(minutes=3)  # workers report every minute, runs every few seconds


@dataclass(frozen=True)
class Unknown:
    """Why no time can be told."""

    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the queue; both spans are null where `unknown` says why, `starts` also once it has begun."""

    submissions_ahead: int
    runs_ahead: int
    slots: int
    measured_runs: int  # that the estimate rests on
    starts: Span | None
    ends: Span | None
    unknown: Unknown | None
    last_sign_at: datetime | None  # of its own run where that goes on, else of anybody who takes runs


def place_of(submission: Submission) -> Place | None:
    """The place of a submission that waits for its turn or is being evaluated; None for any other."""
    if submission.status == Status.HELD or submission.stage not in {Stage.QUEUED, Stage.EVALUATING}:
        return None
    around = surroundings()
    own = around.live_of(submission.pk)
    ahead = [] if own else _runs_ahead(submission)
    line = _line(submission, around, own, ahead)
    seconds = around.seconds()
    sign = max((each.heartbeat_at for each in own), default=around.last_sign_at())
    obstacles = chain(_silence(sign, around, own), _obstacles(submission, line, seconds))
    unknown = next(obstacles, None)
    starts, ends = (None, None) if unknown else play(line, _complete(line, seconds))
    return Place(
        submissions_ahead=0 if own else _submissions_ahead(submission, ahead),
        runs_ahead=len(ahead),
        slots=line.slots,
        measured_runs=len(seconds.get(submission.mode, [])),
        starts=None if own else starts,
        ends=ends,
        unknown=unknown,
        last_sign_at=sign,
    )


def _runs_ahead(submission: Submission) -> list[Run]:
    """Queued runs of other submissions that are claimed first, in their order."""
    earlier = in_turn(Run.objects.filter(submission__created_at__lte=submission.created_at))
    found: list[Run] = []
    for run in earlier.only("mode", "submission_id")[: MOST_AHEAD + 1]:
        if run.submission_id == submission.pk:
            break
        found.append(run)
    return found


def _submissions_ahead(submission: Submission, ahead: Sequence[Run]) -> int:
    """Those of the runs, and those whose runs are still to be asked for."""
    unasked = Submission.objects.filter(
        status=Status.PENDING, stage=Stage.QUEUED, created_at__lt=submission.created_at, runs__isnull=True
    )
    return len({run.submission_id for run in ahead}) + unasked.count()


def _line(submission: Submission, around: Surroundings, own: Sequence[Attempt], ahead: Sequence[Run]) -> Line:
    """Runs ahead that are of another mode count where runs of that mode have ended at all."""
    slots, taken = around.slots(submission.mode), {submission.mode, *around.seconds()}
    queued = submission.runs.filter(state=RunState.QUEUED).count()
    return Line(
        mode=submission.mode,
        slots=sum(slots.values()),
        running=[_running(each, around, each in own) for each in around.live if each.host in slots],
        ahead=[run.mode for run in ahead if run.mode in taken],
        waiting=queued if own else max(queued, 1),
    )


def _running(attempt: Attempt, around: Surroundings, own: bool) -> Running:
    elapsed = (around.now - attempt.started_at).total_seconds()
    return Running(mode=attempt.run.mode, elapsed=max(elapsed, 0.0), own=own)


def _complete(line: Line, seconds: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Durations of every mode in line; a running one of which none has ended is taken for ours."""
    return {mode: seconds.get(mode) or seconds[line.mode] for mode in line.modes}


def _silence(sign: datetime | None, around: Surroundings, own: Sequence[Attempt]) -> Iterator[Unknown]:
    """That nobody is there, as far as one can tell."""
    if sign is None:
        yield Unknown("no_worker", "No worker has reported yet.")
        return
    minutes = int((around.now - sign).total_seconds() // 60)
    if around.now - sign > SILENT and own:
        yield Unknown("run_silent", f"Its run has not reported for {minutes:,} min.")
    elif around.now - sign > SILENT:
        yield Unknown("worker_silent", f"No worker has reported for {minutes:,} min.")


def _obstacles(submission: Submission, line: Line, seconds: Mapping[str, list[float]]) -> Iterator[Unknown]:
    """Every other reason why nothing can be said, the plainest first."""
    if not any(one.mode == submission.mode for one in line.running):
        yield from _waits(submission.mode)
    if not line.slots:
        yield Unknown("no_slot", "No host is known that takes runs of this mode.")
    if len(line.ahead) > MOST_AHEAD:
        yield Unknown("queue_too_long", f"More than {MOST_AHEAD:,} runs come first.")
    if not seconds.get(submission.mode):
        yield Unknown("no_run_ended", "No run of this mode has ended yet.")


def _waits(mode: str) -> Iterator[Unknown]:
    """Why the first in line is not started, where the last that its history says is that it waits."""
    waiting = Submission.objects.filter(mode=mode, status=Status.PENDING, stage=Stage.QUEUED)
    first = waiting.order_by("created_at").first()
    newest = first.events.last() if first else None
    if newest is not None and newest.verb == WAITS:
        yield Unknown(newest.reason_code, f"Nothing is started now: {newest.data.get('detail', '')}")
