"""A submission's curve as the pages and the API read it: the points of its newest attempt that has any."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from evaluations import curve_blocks
from evaluations.charts import Yardsticks
from evaluations.enums import Stage, Status
from evaluations.models import Attempt, CurvePoint, Submission
from evaluations.points import NONE, Points

# What of a manifest stands beside a curve; the manifest itself may hold a million numbers.
FLOPS, DATA = "run__manifest__model__flops_per_token", "run__manifest__data"


@dataclass(frozen=True, kw_only=True)
class CurveHead:
    """All of a curve but its points: cheap to read, and enough to say whether it has changed."""

    submission_id: UUID | None  # null for the baseline, which is nobody's
    run_id: UUID | None
    attempt: Attempt | None  # with its run, but for the manifest
    live: bool  # whether points may still come
    etag: str
    yardsticks: Yardsticks
    flops_per_token: float | None = None
    data: dict[str, Any] | None = None  # which text, as the manifest tells

    @property
    def attempt_id(self) -> int | None:
        """What later points have to belong to as well."""
        return self.attempt.pk if self.attempt else None


def head_of(submission_id: UUID, run_id: UUID | None = None) -> CurveHead:
    """The newest attempt with points, of one run if it is named, or none yet.

    Raises `Submission.DoesNotExist`.
    """
    submission = Submission.objects.only("status", "stage").get(pk=submission_id)
    attempts = Attempt.objects.filter(run__submission_id=submission_id)
    if run_id is not None:
        attempts = attempts.filter(run_id=run_id)
    live = submission.stage != Stage.DONE and submission.status != Status.HELD
    return _head(submission_id, attempts, live)


def head_of_run(run_id: UUID) -> CurveHead:
    """The curve of a run that is no submission's, such as the baseline's."""
    return _head(None, Attempt.objects.filter(run_id=run_id), live=False)


def points_of(head: CurveHead, *, after: int = -1) -> Points:
    """The points of the attempt that a head names, from behind a chunk."""
    if head.attempt is None:
        return NONE
    long = head.attempt.lines_ingested >= curve_blocks.BLOCK  # a line is a point at most
    return Points(curve_blocks.read(head.attempt.pk, after=after, packed=long), head.flops_per_token)


def _head(submission_id: UUID | None, attempts: QuerySet[Attempt], live: bool) -> CurveHead:
    has_points = Exists(CurvePoint.objects.filter(attempt=OuterRef("pk")))
    known = attempts.filter(has_points).select_related("run").defer("run__manifest")
    known = known.annotate(flops_per_token=F(FLOPS), data=F(DATA))
    attempt = known.order_by("-started_at", "-pk").first()
    yardsticks = attempt.run.yardsticks if attempt else {}
    return CurveHead(
        submission_id=submission_id,
        run_id=attempt.run_id if attempt else None,
        attempt=attempt,
        live=live,
        etag=_etag(attempt, live),
        yardsticks=Yardsticks(
            stream_bytes=yardsticks.get("bytes", []), ppmd_bits=yardsticks.get("ppmd_bits", [])
        ),
        flops_per_token=_positive(getattr(attempt, "flops_per_token", None)),
        data=getattr(attempt, "data", None),
    )


def _positive(value: Any) -> float | None:
    """FLOPs as a number: a manifest is another process's word."""
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _etag(attempt: Attempt | None, live: bool) -> str:
    """Points are only ever added, and counted as they are."""
    state = (attempt.pk, attempt.lines_ingested, attempt.state) if attempt else ()
    return hashlib.sha256(repr((state, live)).encode()).hexdigest()[:32]
