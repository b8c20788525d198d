"""`execution_mode_targets`: how much text, on what, for how long, in each execution mode."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from prism_site.policy.schemas.base import (
    Bytes,
    Gpus,
    Name,
    PolicySchema,
    PositiveShare,
    Seconds,
    check_order,
    refuse,
)

Seed = Annotated[int, Field(ge=0, lt=2**63)]


class ModeTargets(PolicySchema):
    """One mode; it has no defaults of its own, the modes below give them."""

    official_score: bool = Field(description="scores count for the leaderboard and weights")
    byte_budget: Bytes = Field(ge=1, le=10**13, description="text of a run")
    gpu_count: Gpus = Field(ge=0, le=8, description="GPUs of a run; 0 is the CPU; gpu_policy has a say")
    dataset_subset: Name = Field(description="subset of the data set; local: whatever is staged")
    seeds: tuple[Seed, ...] = Field(min_length=1, max_length=16, description="one run per seed")
    score_fraction: PositiveShare = Field(description="secret share of windows that is scored")
    audit_fraction: PositiveShare = Field(description="secret share of windows that is audited")
    chunk_first_bytes: Bytes = Field(ge=16, le=2**30, description="first chunk of the schedule")
    chunk_growth: float = Field(
        ge=1, le=16, description="a chunk over the one before", json_schema_extra={"unit": "×"}
    )
    chunk_max_bytes: Bytes = Field(ge=16, le=2**30, description="largest chunk of the schedule")
    sequence_length: int = Field(
        ge=8, le=65_536, description="tokens of a window", json_schema_extra={"unit": "tokens"}
    )
    wall_seconds: Seconds = Field(
        ge=1, le=604_800, description="limit of a run; ending by it never enters the score"
    )
    checkpoints: int = Field(
        ge=0,
        le=256,
        description="how often a run is saved, to go on after its host failed; 0: it begins anew",
        json_schema_extra={"unit": "times"},
    )

    reference_runs: bool = Field(
        description="whether a scored architecture is also run under the reference recipe, for its quality"
    )

    @field_validator("seeds")
    @classmethod
    def seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            refuse("seeds_repeat", "each seed may be given once")
        return seeds

    @model_validator(mode="after")
    def chunks_grow(self) -> Self:
        check_order(self, "chunk_first_bytes", "chunk_max_bytes")
        return self


SMOKE = ModeTargets(
    official_score=False,
    byte_budget=524_288,
    gpu_count=0,
    dataset_subset="local",
    seeds=(1337,),
    score_fraction=0.25,
    audit_fraction=0.1,
    chunk_first_bytes=4_096,
    chunk_growth=1.1,
    chunk_max_bytes=65_536,
    sequence_length=256,
    wall_seconds=900,
    checkpoints=16,
    reference_runs=False,
)
PROXY = ModeTargets(
    official_score=True,
    byte_budget=2_000_000_000,
    gpu_count=1,
    dataset_subset="sample-10BT",
    seeds=(1337,),
    score_fraction=0.25,
    audit_fraction=0.1,
    chunk_first_bytes=4_096,
    chunk_growth=1.1,
    chunk_max_bytes=1_048_576,
    sequence_length=1_024,
    wall_seconds=21_600,
    checkpoints=16,
    reference_runs=True,
)
FULL = PROXY.model_copy(
    update={"byte_budget": 20_000_000_000, "dataset_subset": "sample-100BT", "wall_seconds": 86_400}
)


class ExecutionModeTargets(PolicySchema):
    """The three modes."""

    local_cpu_smoke: ModeTargets = Field(SMOKE, description="seconds on a CPU; never official")
    gpu_proxy_eval: ModeTargets = Field(PROXY, description="the official mode")
    full_scale_eval: ModeTargets = Field(FULL, description="the official mode at ten times the text")

    @field_validator("local_cpu_smoke")
    @classmethod
    def smoke_is_never_official(cls, smoke: ModeTargets) -> ModeTargets:
        if smoke.official_score:
            refuse("smoke_is_never_official", "local_cpu_smoke is never official", "official_score")
        return smoke

    def of(self, mode: str) -> ModeTargets:
        """The targets of one mode; `KeyError` for a name that is none."""
        if mode not in type(self).model_fields:
            raise KeyError(mode)
        targets: ModeTargets = getattr(self, mode)
        return targets
