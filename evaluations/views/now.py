"""What is happening: the pipeline's counts, the runs in progress, the newest submissions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max

from evaluations.enums import RunPurpose, Stage, Status
from evaluations.models import Attempt, CurvePoint, Submission
from evaluations.models.attempt import LIVE_STATES
from evaluations.runner.codelength import bits_per_byte
from evaluations.views.drawing import SPARSE_INDEXES, Point


@dataclass(frozen=True)
class Step:
    """One place of the pipeline strip."""

    key: str
    label: str
    count: int

    @property
    def tone(self) -> str:
        """`none` where nothing is, `busy` where code is being executed."""
        if not self.count:
            return "none"
        return "busy" if self.key in {Stage.EVALUATING, Stage.SCORING} else "some"


@dataclass(frozen=True)
class Pipeline:
    """Stages in the order of the story, then where submissions end or stop."""

    stages: list[Step]
    ends: list[Step]


@dataclass(frozen=True)
class Running:
    """A run in progress, as the front page shows it; a reference's submission is the one that it measures."""

    purpose: RunPurpose
    submission: Submission | None  # the baseline is nobody's
    attempt: Attempt
    points: list[Point]
    stream_bytes: int
    total_bytes: int | None
    bpb: float | None

    @property
    def percent(self) -> float | None:
        """How much of the text has been read, 0 to 100."""
        return 100 * self.stream_bytes / self.total_bytes if self.total_bytes else None


OPEN_STAGES = (Stage.RECEIVED, Stage.REVIEW, Stage.QUEUED, Stage.EVALUATING, Stage.SCORING)
ENDS = (Status.COMPLETED, Status.FAILED, Status.REJECTED, Status.HELD)


def pipeline() -> Pipeline:
    """How many submissions stand where; one query."""
    rows = Submission.objects.values_list("status", "stage").annotate(count=Count("pk")).order_by()
    counts: dict[str, int] = defaultdict(int)
    for status, stage, count in rows:
        counts[status if status in ENDS else stage] += count
    return Pipeline(
        stages=[Step(stage.value, stage.label, counts[stage]) for stage in OPEN_STAGES],
        ends=[Step(status.value, status.label, counts[status]) for status in ENDS],
    )


def running() -> list[Running]:
    """Every run in progress, yardsticks included, the longest first; three queries."""
    live = Attempt.objects.filter(state__in=LIVE_STATES)
    attempts = list(live.select_related("run__submission", "run__source").order_by("started_at"))
    points = sparse_points(attempt.pk for attempt in attempts)
    newest = _newest_points(attempt.pk for attempt in attempts)
    return [_reading(attempt, points[attempt.pk], newest.get(attempt.pk)) for attempt in attempts]


def recent(limit: int = 12) -> list[Submission]:
    """The newest submissions, with their scores."""
    return list(Submission.objects.select_related("score").order_by("-created_at", "-id")[:limit])


def sparse_points(attempt_ids: Iterable[int]) -> dict[int, list[Point]]:
    """Few points of each attempt, dense where a curve falls fastest; one query."""
    rows = CurvePoint.objects.filter(attempt_id__in=list(attempt_ids), index__in=SPARSE_INDEXES)
    points: dict[int, list[Point]] = defaultdict(list)
    for attempt_id, count, bits in rows.values_list("attempt_id", "stream_bytes", "bits").order_by("index"):
        points[attempt_id].append((count, bits_per_byte(bits, count)))
    return points


def sparse_points_of_runs(run_ids: Iterable[UUID]) -> dict[UUID, list[Point]]:
    """The same for finished runs, from the attempt whose manifest was taken."""
    attempts = dict(
        Attempt.objects.filter(run_id__in=list(run_ids), state="finished").values_list("pk", "run_id")
    )
    return {attempts[attempt_id]: points for attempt_id, points in sparse_points(attempts).items()}


def _newest_points(attempt_ids: Iterable[int]) -> dict[int, Point]:
    rows = CurvePoint.objects.filter(attempt_id__in=list(attempt_ids)).values("attempt_id").order_by()
    totals = rows.annotate(count=Max("stream_bytes"), bits=Max("bits"))  # both only grow
    return {row["attempt_id"]: (row["count"], bits_per_byte(row["bits"], row["count"])) for row in totals}


def _reading(attempt: Attempt, points: list[Point], newest: Point | None) -> Running:
    cuts = attempt.run.yardsticks.get("bytes") or [None]
    drawn = points if newest is None or newest in points else [*points, newest]
    return Running(
        purpose=RunPurpose(attempt.run.purpose),
        submission=attempt.run.submission or attempt.run.source,
        attempt=attempt,
        points=drawn,
        stream_bytes=int(newest[0]) if newest else 0,
        total_bytes=cuts[-1],
        bpb=newest[1] if newest else None,
    )
