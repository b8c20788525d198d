"""`gpu_policy` and `dataset_configs`: what runs are given to run on, and from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from prism_site.policy.schemas.base import Gpus, Name, PolicySchema, check_order, refuse

# The newest commit of HuggingFaceFW/fineweb-edu on its main branch when the defaults were frozen.
FINEWEB_EDU_REVISION = "87f09149ef4734204d70ed1d046ddc9ca3f2b8f9"


class GpuPolicy(PolicySchema):
    """GPUs of a run; no row lifts the limit of 8."""

    max_gpu_count: Gpus = Field(8, ge=1, le=8, description="most GPUs that one run may have")
    actual_gpu_count: Gpus = Field(
        1, ge=1, le=8, description="GPUs of an official run under the fixed profile"
    )
    gpu_type: Name | None = Field(None, description="GPU that official runs insist on; null: any")
    official_fixed_profile: bool = Field(
        True, description="official runs all have the same number of GPUs, whatever their mode says"
    )
    allocation_policy: Literal["fixed_official_profile"] = Field(
        "fixed_official_profile", description="how GPUs are given to runs"
    )
    autosplit_allowed_for_smoke: bool = Field(
        True, description="smoke runs may go on with fewer: what is free is divided among them"
    )

    @model_validator(mode="after")
    def actual_is_within_max(self) -> Self:
        check_order(self, "actual_gpu_count", "max_gpu_count")
        return self


class DatasetConfigs(PolicySchema):
    """The locked text."""

    fineweb_sample_count: int = Field(
        128,
        ge=1,
        le=1_000_000_000,
        description="documents of a sampled preparation",
        json_schema_extra={"unit": "documents"},
    )
    frozen_revision: Name = Field(FINEWEB_EDU_REVISION, description="pinned revision of the data set")
    train_split: Name = Field("train", description="split that learners see")
    validation_split: Name = Field("val", description="secret split of held-out figures")
    test_split: Name = Field("test", description="secret split kept for later")
    network_fallback_allowed: bool = Field(False, description="fetch text that is not staged")

    @model_validator(mode="after")
    def splits_differ(self) -> Self:
        splits = ("train_split", "validation_split", "test_split")
        if len({getattr(self, name) for name in splits}) < len(splits):
            refuse("splits_overlap", "the three splits must differ", *splits)
        return self
