"""The leaderboard: scores in rank order, one per hotkey, read in one query."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from evaluations.enums import Mode, Status
from scoring.metrics import Metric
from scoring.models import Score
from scoring.ranking import Contender

RANK_ORDER = Metric.PREQUENTIAL.rank_order


@dataclass(frozen=True, kw_only=True)
class After:
    """The entry that a page of the leaderboard goes on from."""

    rank: int
    value: float  # of the metric
    accepted_at: datetime
    submission_id: UUID


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the leaderboard; `score.submission` is loaded."""

    rank: int
    score: Score
    metric: Metric = Metric.PREQUENTIAL

    @property
    def after(self) -> After:
        """Where the next page begins."""
        return After(
            rank=self.rank,
            value=getattr(self.score, self.metric.field),
            accepted_at=self.score.accepted_at,
            submission_id=self.score.submission_id,
        )


def leaderboard(
    mode: Mode,
    *,
    epoch: int | None = None,
    limit: int | None = None,
    after: After | None = None,
    metric: Metric = Metric.PREQUENTIAL,
) -> list[Entry]:
    """Entries in rank order; with `epoch`, each hotkey's best among submissions accepted in that epoch.

    What is held, or was rejected after it was scored, is on no list; what has no blend is on none of blends.
    """
    rows = best_of_all_time(mode, metric) if epoch is None else best_of_epoch(mode, epoch, metric)
    if after is not None:
        rows = rows.filter(_behind(after, metric))
    rows = rows.filter(submission__status=Status.COMPLETED)
    rows = rows.select_related("submission").order_by(*metric.rank_order)[:limit]
    first = after.rank + 1 if after is not None else 1
    return [Entry(rank=rank, score=score, metric=metric) for rank, score in enumerate(rows, start=first)]


def best_of_all_time(mode: Mode, metric: Metric = Metric.PREQUENTIAL) -> QuerySet[Score]:
    """The best score of every hotkey; marked when a score is stored, so that an index answers."""
    return Score.objects.filter(mode=mode, **{metric.mark: True})


def best_of_epoch(mode: Mode, epoch: int, metric: Metric = Metric.PREQUENTIAL) -> QuerySet[Score]:
    """The best score of every hotkey among the submissions accepted in one epoch.

    A subquery, because a filter added to a windowed query would thin out the rows before they are numbered.
    """
    place = Window(RowNumber(), partition_by=F("hotkey"), order_by=metric.rank_order)
    ranked = Score.objects.filter(mode=mode, epoch=epoch, **{f"{metric.field}__isnull": False})
    if metric is Metric.BLEND:
        ranked = ranked.filter(_stands())  # as the marks of all time
    numbered = ranked.annotate(place=place)
    return Score.objects.filter(pk__in=numbered.filter(place=1).values("pk"))


def eligible(mode: Mode, *, limit: int | None = None, before: datetime | None = None) -> list[Contender]:
    """Who may earn weight in rank order: the best completed score of each hotkey, with no anomaly open.

    An anomaly sets the multiplier to 0, and a hold takes the submission out of `completed`. With `before`
    only scores computed before that moment count, as far as they stand today.
    """
    rows = best_of_all_time(mode) if before is None else _best_before(mode, before)
    needed = rows.only("hotkey", "final_score", "accepted_at")
    return contenders(needed.filter(_stands()).order_by(*RANK_ORDER)[:limit])


def _best_before(mode: Mode, moment: datetime) -> QuerySet[Score]:
    """The best of every hotkey among the scores that stand and were computed before a moment."""
    place = Window(RowNumber(), partition_by=F("hotkey"), order_by=RANK_ORDER)
    known = Score.objects.filter(_stands(), mode=mode, computed_at__lt=moment)
    return Score.objects.filter(pk__in=known.annotate(place=place).filter(place=1).values("pk"))


def _stands() -> Q:
    return Q(multiplier=1.0, submission__status=Status.COMPLETED)


def contenders(scores: Iterable[Score]) -> list[Contender]:
    """Scores as values that `scoring.ranking` and `scoring.weights` understand."""
    return [
        Contender(
            submission_id=score.submission_id,
            hotkey=score.hotkey,
            final_score=score.final_score,
            accepted_at=score.accepted_at,
        )
        for score in scores
    ]


def _behind(after: After, metric: Metric) -> Q:
    tie = Q(**{metric.field: after.value})
    later = Q(accepted_at__gt=after.accepted_at)
    same_time = Q(accepted_at=after.accepted_at, submission_id__gt=after.submission_id)
    return Q(**{f"{metric.field}__lte": after.value}) & (
        Q(**{f"{metric.field}__lt": after.value}) | (tie & (later | same_time))
    )
