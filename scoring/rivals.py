"""What a submission's curve is held against: the baseline, the current best, the hotkey's best before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from evaluations.curves import CurveHead, head_of, head_of_run
from evaluations.enums import Mode, Status
from evaluations.models import Submission
from scoring.models import Quality, Score
from scoring.standings import RANK_ORDER, leaderboard

Role = Literal["baseline", "best", "previous"]


@dataclass(frozen=True)
class Rival:
    """A curve to be drawn behind another."""

    role: Role
    name: str
    head: CurveHead


def rivals_of(submission: Submission) -> list[Rival]:
    """Those that there are, of the same mode; a submission is not its own rival."""
    return [*_baseline(submission.pk), *_best(submission), *_previous(submission)]


def _baseline(submission_id: UUID) -> Iterator[Rival]:
    """The baseline's run on this submission's text, once its qualities name it."""
    runs = Quality.objects.filter(pk=submission_id).values_list("runs", flat=True).first() or {}
    for run_id in runs.get("baseline", [])[:1]:
        yield Rival("baseline", "baseline", head_of_run(UUID(run_id)))


def _best(submission: Submission) -> Iterator[Rival]:
    for entry in leaderboard(Mode(submission.mode), limit=1):
        if entry.score.submission_id != submission.pk:
            yield Rival("best", "current best", head_of(entry.score.submission_id))


def _previous(submission: Submission) -> Iterator[Rival]:
    earlier = Score.objects.filter(
        mode=submission.mode,
        hotkey=submission.hotkey,
        accepted_at__lt=submission.created_at,
        submission__status=Status.COMPLETED,
    )
    score = earlier.order_by(*RANK_ORDER).first()
    if score is not None:
        yield Rival("previous", "best of this hotkey before", head_of(score.submission_id))
