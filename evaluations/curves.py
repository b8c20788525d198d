"""A submission's curve as the pages and the API read it: the points of its newest attempt that has any."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef

from evaluations.charts import Points, Yardsticks
from evaluations.enums import Stage, Status
from evaluations.models import Attempt, CurvePoint, Submission

COLUMNS = ("index", "stream_bytes", "bits", "chunk_bytes", "chunk_bits", "tokens", "seconds", "nonfinite")


@dataclass(frozen=True, kw_only=True)
class CurveHead:
    """All of a curve but its points: cheap to read, and enough to say whether it has changed."""

    submission_id: UUID
    run_id: UUID | None
    attempt_id: int | None
    live: bool  # whether points may still come
    etag: str
    yardsticks: Yardsticks


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A head with its points."""

    head: CurveHead
    points: Points


def head_of(submission_id: UUID, run_id: UUID | None = None) -> CurveHead:
    """The newest attempt with points, of one run if it is named, or none yet.

    Raises `Submission.DoesNotExist`.
    """
    submission = Submission.objects.only("status", "stage").get(pk=submission_id)
    live = submission.stage != Stage.DONE and submission.status != Status.HELD
    attempt = _newest_attempt(submission_id, run_id)
    yardsticks = attempt.run.yardsticks if attempt else {}
    return CurveHead(
        submission_id=submission_id,
        run_id=attempt.run_id if attempt else None,
        attempt_id=attempt.pk if attempt else None,
        live=live,
        etag=_etag(attempt, live),
        yardsticks=Yardsticks(
            stream_bytes=yardsticks.get("bytes", []), ppmd_bits=yardsticks.get("ppmd_bits", [])
        ),
    )


def points_of(head: CurveHead) -> Points:
    """The points of the attempt that a head names."""
    if head.attempt_id is None:
        return Points()
    rows = CurvePoint.objects.filter(attempt_id=head.attempt_id).order_by("index").values_list(*COLUMNS)
    columns = [list(column) for column in zip(*rows, strict=True)]
    return Points(**dict(zip(COLUMNS, columns, strict=False)))


def curve_of(submission_id: UUID) -> Curve:
    """The whole curve; raises `Submission.DoesNotExist`."""
    head = head_of(submission_id)
    return Curve(head=head, points=points_of(head))


def _newest_attempt(submission_id: UUID, run_id: UUID | None) -> Attempt | None:
    has_points = Exists(CurvePoint.objects.filter(attempt=OuterRef("pk")))
    attempts = Attempt.objects.filter(has_points, run__submission_id=submission_id)
    if run_id is not None:
        attempts = attempts.filter(run_id=run_id)
    return attempts.select_related("run").defer("run__manifest").order_by("-started_at", "-pk").first()


def _etag(attempt: Attempt | None, live: bool) -> str:
    """Points are only ever added, and counted as they are."""
    state = (attempt.pk, attempt.lines_ingested, attempt.state) if attempt else ()
    return hashlib.sha256(repr((state, live)).encode()).hexdigest()[:32]
