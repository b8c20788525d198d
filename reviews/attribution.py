"""Whose an architecture and a training recipe are, as an operator says it: the resolution of a hold."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Attribution(BaseModel):
    """`existing`, `variant` and `transfer` name what they belong to; first discovery never moves."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    architecture_action: Literal["new", "existing", "variant", "reject"]
    training_action: Literal["new", "existing", "transfer", "none", "reject"] = "none"
    architecture_id: str | None = Field(None, min_length=1, max_length=64)
    training_variant_id: str | None = Field(None, min_length=1, max_length=64)

    @model_validator(mode="after")
    def names_what_it_belongs_to(self) -> Self:
        if self.architecture_action in {"existing", "variant"} and self.architecture_id is None:
            raise ValueError("architecture_id is needed for an architecture that exists")
        if self.training_action in {"existing", "transfer"} and self.training_variant_id is None:
            raise ValueError("training_variant_id is needed for training that exists")
        return self

    @property
    def refuses(self) -> bool:
        """Whether it ends the submission."""
        return self.architecture_action == "reject" or self.training_action == "reject"

    def as_json(self) -> dict[str, Any]:
        """The resolution as it is stored."""
        return self.model_dump(mode="json")
