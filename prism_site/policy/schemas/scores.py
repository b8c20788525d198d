"""`score_weights`: the formulas of q_arch and q_recipe, their blend, and when better is better."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from prism_site.policy.schemas.base import BitsPerByte, PolicySchema, Share, check_sum, refuse

# Benchmarks can be trained for: no row raises this.
SanityShare = Annotated[float, Field(ge=0, le=0.15, json_schema_extra={"unit": "share"})]


def check_formula(formula: PolicySchema) -> None:
    """Shares sum to 1, and benchmarks, which can be trained for, never lead."""
    shares: dict[str, float] = formula.model_dump()
    check_sum(formula, *shares)
    sanity = shares.pop("benchmark_sanity")
    if sanity >= max(shares.values()):
        refuse("benchmark_sanity_leads", "benchmark_sanity may not be the largest share", "benchmark_sanity")


class ArchitectureFormula(PolicySchema):
    """Shares of the components of q_arch, measured on the reference run against the baseline."""

    learning_scaling_dynamics: Share = Field(
        0.35, description="prequential gain, and its coherence over sizes"
    )
    standardized_lm_quality: Share = Field(0.20, description="held-out gain")
    compute_efficiency: Share = Field(0.15, description="FLOPs per byte")
    parameter_efficiency: Share = Field(0.10, description="parameters without embeddings")
    diagnostics_health: Share = Field(0.10, description="diagnostics inside diagnostics_thresholds")
    robustness_stability: Share = Field(0.05, description="a curve that falls without rising")
    benchmark_sanity: SanityShare = Field(
        0.05,
        description="gain over the twin on benchmark packs; never the largest share",
    )

    @model_validator(mode="after")
    def shares_are_sound(self) -> Self:
        check_formula(self)
        return self


class TrainingFormula(PolicySchema):
    """Shares of the components of q_recipe, measured on the submission run against the reference run."""

    architecture_normalized_heldout_improvement: Share = Field(0.30, description="held-out gain")
    learning_stability_dynamics: Share = Field(0.25, description="prequential gain and a steady curve")
    benchmark_sanity: SanityShare = Field(
        0.15,
        description="gain over the twin on benchmark packs; never the largest share",
    )
    compute_efficiency: Share = Field(0.10, description="learner time over forward time")
    reproducibility_stability: Share = Field(0.10, description="small spread over seeds")
    robustness_failure_behavior: Share = Field(0.05, description="no NaN, watchdog stop, retry or hook error")
    artifact_completeness: Share = Field(0.05, description="required artifacts present")

    @model_validator(mode="after")
    def shares_are_sound(self) -> Self:
        check_formula(self)
        return self


class ImprovementThresholds(PolicySchema):
    """What a paired improvement must exceed, all three, to take current-best."""

    min_delta_abs: BitsPerByte = Field(0.002, ge=0, le=8, description="absolute improvement")
    min_delta_rel: Share = Field(0.001, description="relative improvement")
    z_score: float = Field(
        2.0,
        ge=0,
        le=100,
        description="improvement over its noise",
        json_schema_extra={"unit": "standard errors"},
    )


class ScoreWeights(PolicySchema):
    """The blend of both qualities, and what the leaderboard ranks by."""

    final_architecture_weight: Share = Field(0.70, description="weight of q_arch in blend_score")
    final_recipe_weight: Share = Field(0.30, description="weight of q_recipe in blend_score")
    leaderboard_metric: Literal["prequential", "blend"] = Field(
        "prequential", description="rank by final_score (prequential) or by blend_score"
    )
    architecture_formula: ArchitectureFormula = Field(ArchitectureFormula(), description="q_arch")
    training_formula: TrainingFormula = Field(TrainingFormula(), description="q_recipe")
    improvement_thresholds: ImprovementThresholds = Field(
        ImprovementThresholds(), description="when better is better"
    )

    @model_validator(mode="after")
    def blend_sums_to_one(self) -> Self:
        check_sum(self, "final_architecture_weight", "final_recipe_weight")
        return self
