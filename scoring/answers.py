"""What the routes about scores give, field by field."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from scoring.standings import Entry


class LeaderboardEntry(BaseModel):
    """A hotkey's best submission."""

    rank: int
    hotkey: str
    submission_id: UUID
    name: str
    final_score: float
    blend_score: float | None
    bpb: float
    bpb_se: float
    bpb_sd: float | None
    seeds: list[int]
    heldout_delta: float | None
    multiplier: float
    penalty: float
    epoch: int
    accepted_at: datetime

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """A line of the standings, whose score was read with its submission."""
        score = entry.score
        names = cls.model_fields.keys() - {"rank", "name"}
        own = {name: getattr(score, name) for name in names}
        return cls(rank=entry.rank, name=score.submission.name, **own)


class Leaderboard(BaseModel):
    """`epoch` is null for the standings of all time; `official` says whether this mode may earn weight.

    `metric` is what is ranked by: final_score (`prequential`) or blend_score (`blend`).
    """

    epoch: int | None
    mode: str
    official: bool
    metric: str
    entries: list[LeaderboardEntry]
    next_cursor: str | None


class EpochRow(BaseModel):
    """A weight period; its id is the unix time at which it began."""

    epoch_id: int
    epoch_seconds: int
    starts_at: datetime
    ends_at: datetime


class EpochCount(EpochRow):
    """A weight period and how many submissions were accepted in it."""

    submissions: int


class EpochPage(BaseModel):
    """Epochs with submissions, newest first."""

    items: list[EpochCount]
    next_cursor: str | None
