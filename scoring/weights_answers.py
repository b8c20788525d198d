"""What the routes about weights give, field by field."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from scoring.epochs import Epoch
from scoring.explanations import shares_of, why
from scoring.models import WeightSnapshot
from scoring.payout import Payout
from scoring.weights import Pool, Reason, Share


class ShareRow(BaseModel):
    """Which pool pays a hotkey for which family, how much, and why; `why` says it to people.

    `rank` and `final_score` are the family's; `given_back` is the part of `share_of_pool` that families
    without a variant gave back.
    """

    pool: Pool
    reason: Reason
    why: str
    family_id: str
    rank: int
    share_of_pool: float
    given_back: float
    weight: float
    submission_id: str
    final_score: float

    @classmethod
    def of(cls, share: Share) -> Self:
        """One line of an explanation."""
        return cls(why=why(share), **vars(share))


class WeightsMetadata(BaseModel):
    """What the weights were computed from."""

    mode: str
    official: bool
    distribution: str
    policy_row_ids: dict[str, int]
    inputs_sha256: str
    eligible: int
    explanation: dict[str, list[ShareRow]]

    @classmethod
    def of(cls, payout: Payout, weights: Mapping[str, float]) -> Self:
        """With the explanation of those weights that are given."""
        explained = payout.weights.explanation
        return cls(
            mode=payout.mode.value,
            official=payout.official,
            distribution=payout.pools.distribution,
            policy_row_ids=payout.policy_row_ids,
            inputs_sha256=payout.inputs_sha256,
            eligible=len(payout.weights.weights),
            explanation={hotkey: _rows(explained[hotkey]) for hotkey in weights},
        )


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


class EpochWeights(BaseModel):
    """The weights with which an epoch ended: they never change.

    A preview, `official` false, was not exported. `taken_late` says that it was taken after the end from what
    stood then. `inputs_sha256` is that of `inputs` as JSON with sorted keys.
    """

    epoch: int
    starts_at: datetime
    ends_at: datetime
    taken_at: datetime
    taken_late: bool
    mode: str
    official: bool
    weights: dict[str, float]
    explanation: dict[str, list[ShareRow]]
    submissions: list[UUID]
    policy_row_ids: dict[str, int]
    inputs: dict[str, object]
    inputs_sha256: str

    @classmethod
    def of(cls, snapshot: WeightSnapshot, epoch: Epoch) -> Self:
        """A snapshot of that epoch."""
        own = {name: getattr(snapshot, name) for name in cls.model_fields if hasattr(snapshot, name)}
        explanation = {hotkey: _rows(shares_of(lines)) for hotkey, lines in snapshot.explanation.items()}
        return cls(**{**own, "starts_at": epoch.starts_at, "explanation": explanation})


def _rows(shares: Sequence[Share]) -> list[ShareRow]:
    return [ShareRow.of(share) for share in shares]
