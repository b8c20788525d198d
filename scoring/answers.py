"""What the routes about scores give, field by field."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from evaluations.enums import Mode
from scoring.payout import Payout
from scoring.standings import Entry


class LeaderboardEntry(BaseModel):
    """A hotkey's best submission."""

    rank: int
    hotkey: str
    submission_id: UUID
    name: str
    final_score: float
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
    """`epoch` is null for the standings of all time; `official` says whether this mode may earn weight."""

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


class ShareRow(BaseModel):
    """Which pool pays a hotkey for which submission, and how large a share of it."""

    pool: str
    rank: int
    share_of_pool: float
    submission_id: str
    final_score: float


class WeightsMetadata(BaseModel):
    """What the weights were computed from."""

    mode: str
    official: bool
    distribution: str
    policy_row_ids: dict[str, int]
    inputs_sha256: str
    eligible: int
    explanation: dict[str, list[ShareRow]]


class WeightsAnswer(BaseModel):
    """Weights by hotkey, summing to 1; `{}` where nobody is eligible (burn)."""

    challenge_slug: str
    epoch: int
    weights: dict[str, float]
    metadata: WeightsMetadata
    computed_at: datetime


class WeightsPreview(WeightsAnswer):
    """What a smoke run's standings would earn; never exported."""

    preview: bool = True
    exported: bool = False


def metadata_of(payout: Payout, weights: dict[str, float]) -> WeightsMetadata:
    """The explanation of those weights that are given."""
    lines: dict[str, Any] = {
        hotkey: [ShareRow(**vars(share)) for share in shares]
        for hotkey, shares in payout.weights.explanation.items()
        if hotkey in weights
    }
    return WeightsMetadata(
        mode=Mode(payout.mode).value,
        official=payout.official,
        distribution=payout.distribution,
        policy_row_ids=payout.policy_row_ids,
        inputs_sha256=payout.inputs_sha256,
        eligible=len(payout.weights.weights),
        explanation=lines,
    )
