"""`duplicate_thresholds` and `llm_review_policy`: what reviews do with what they find."""

from typing import Self

from pydantic import Field, model_validator

from prism_site.policy.schemas.base import PolicySchema, Seconds, Share, Similarity, check_order


class DuplicateThresholds(PolicySchema):
    """Similarities at which a submission is a copy, is suspicious, or is the same architecture."""

    exact_source_similarity: Similarity = Field(0.98, description="at or over: the same source")
    static_reject_similarity: Similarity = Field(
        0.96, description="at or over, from another hotkey: rejected; the earlier one stands"
    )
    quarantine_source_similarity: Similarity = Field(0.85, description="at or over: held as suspicious")
    same_architecture_similarity: Similarity = Field(0.82, description="graphs at or over: one family")
    hold_below: Similarity = Field(
        0.55, description="graphs from here up to same_architecture: held as ambiguous"
    )

    @model_validator(mode="after")
    def thresholds_rise(self) -> Self:
        check_order(
            self, "quarantine_source_similarity", "static_reject_similarity", "exact_source_similarity"
        )
        check_order(self, "hold_below", "same_architecture_similarity")
        return self


class LlmReviewPolicy(PolicySchema):
    """The LLM reviewer and its evidence gate."""

    enabled: bool = Field(False, description="whether submissions meet the LLM reviewer")
    required: bool = Field(
        False, description="doubt or outage holds a submission; if not, it is only flagged"
    )
    model: str | None = Field(
        None, min_length=1, max_length=200, description="name of the model at the LLM gateway"
    )
    min_confidence: Share = Field(0.72, description="a verdict below it is doubt")
    timeout_seconds: Seconds = Field(60, ge=1, le=3_600, description="limit of one call")
    max_retries: int = Field(
        1, ge=0, le=10, description="calls after the first one failed", json_schema_extra={"unit": "calls"}
    )
    max_source_chars: int = Field(
        200_000,
        ge=1_000,
        le=10_000_000,
        description="source sent to the reviewer",
        json_schema_extra={"unit": "characters"},
    )
    evidence_required_for_rejection: bool = Field(
        True, description="a reject without machine-verified evidence is a hold"
    )
