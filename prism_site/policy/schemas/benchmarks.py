"""`benchmark_weights`: what each benchmark pack counts within benchmark_sanity."""

from typing import Self

from pydantic import Field, model_validator

from prism_site.policy.schemas.base import PolicySchema, Share, check_sum


class BenchmarkWeights(PolicySchema):
    """Weights of the packs; they sum to 1."""

    mmlu: Share = Field(0.20, description="MMLU")
    gsm8k: Share = Field(0.15, description="GSM8K")
    math: Share = Field(0.15, description="MATH")
    humaneval: Share = Field(0.15, description="HumanEval")
    arc_challenge: Share = Field(0.10, description="ARC-Challenge")
    needle: Share = Field(0.10, description="needle in a haystack")
    ifeval: Share = Field(0.10, description="IFEval")
    truthfulqa: Share = Field(0.05, description="TruthfulQA")
    python_answers: Share = Field(0.0, description="the project's own example of {prompt, answer}")
    python_choices: Share = Field(
        0.0, description="the project's own example of {prompt, choices, answer_index}"
    )

    @model_validator(mode="after")
    def weights_sum_to_one(self) -> Self:
        check_sum(self, *type(self).model_fields)
        return self
