"""`diagnostics_thresholds` and `loss_comparability_policy`: when a measurement is healthy, and comparable."""

from typing import Literal

from pydantic import Field

from prism_site.policy.schemas.base import BitsPerByte, PolicySchema, Share


class DiagnosticsThresholds(PolicySchema):
    """Where a diagnostic stops being healthy."""

    activation_norm_spike_ratio: float = Field(
        3.0,
        gt=1,
        le=1e6,
        description="largest activation over its usual one",
        json_schema_extra={"unit": "×"},
    )
    gradient_noise_max: float = Field(
        10.0, gt=0, le=1e9, description="gradient-noise scale", json_schema_extra={"unit": "×"}
    )
    min_attention_diversity: Share = Field(0.05, description="heads that differ from one another")
    representation_collapse_max: Share = Field(0.95, description="directions that carry nothing")


class LossComparabilityPolicy(PolicySchema):
    """What is done where a loss cannot be compared, and where a model memorises."""

    main_track_requires_comparable_loss: bool = Field(
        True, description="a submission without comparable loss is not ranked on the main track"
    )
    allow_redistribution_for_non_main_track: bool = Field(
        True, description="elsewhere an unavailable component's weight is shared out"
    )
    redistribution_policy: Literal["redistribute_to_defined_components"] = Field(
        "redistribute_to_defined_components", description="who gets an unavailable component's weight"
    )
    byte_normalized_fallback: bool = Field(True, description="losses per token are compared per byte")
    memorization_gap_bpb: BitsPerByte = Field(
        1.0, ge=0, le=8, description="held-out minus train that counts as memorising"
    )
    memorization_penalty: Share = Field(0.5, description="factor on final_score of a model that memorises")
    heldout_epsilon_bpb: BitsPerByte = Field(
        0.005, ge=0, le=0.1, description="most that held-out may move a score; it only orders near-ties"
    )
