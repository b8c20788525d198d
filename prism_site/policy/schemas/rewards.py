"""`reward_pools`: how an epoch's reward is split between architectures and training."""

from typing import Literal, Self

from pydantic import Field, model_validator

from prism_site.policy.schemas.base import PolicySchema, PositiveShare, Share, check_sum


class RewardPools(PolicySchema):
    """The two pools, and how each is shared out over ranks."""

    architecture: Share = Field(0.60, description="pool of the owners of families")
    training: Share = Field(0.40, description="pool of the owners of current-best variants")
    distribution: Literal["ranked", "proportional", "winner_take_all"] = Field(
        "ranked", description="how a pool is shared: by rank, by final_score, or all to the first"
    )
    rank_decay: PositiveShare = Field(0.5, description="ranked: share of a rank over that of the rank above")
    top_k: int = Field(
        8, ge=1, le=256, description="families that share a pool", json_schema_extra={"unit": "families"}
    )

    @model_validator(mode="after")
    def pools_sum_to_one(self) -> Self:
        check_sum(self, "architecture", "training")
        return self
