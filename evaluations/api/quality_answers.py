"""What a submission's architecture and training are worth, line by line."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from evaluations.models import Submission


class ComponentRow(BaseModel):
    """One component: its `share` of the formula, the `weight` that it counts, or why it was not measured.

    `contribution` is weight times value; `sources` are fields of the manifests of `runs`, by path.
    """

    name: str
    share: float
    weight: float
    value: float | None
    contribution: float
    sources: dict[str, float]
    unavailable: str | None


class QualityRuns(BaseModel):
    """The runs that were compared, one for each seed; every one has a manifest when it has ended."""

    submission: list[UUID]
    reference: list[UUID]
    baseline: list[UUID]


class QualityAccount(BaseModel):
    """Both qualities and their blend; null where they could not be measured, or not yet (`awaits_runs`)."""

    q_arch: float | None
    q_recipe: float | None
    blend_score: float | None
    architecture: list[ComponentRow]
    training: list[ComponentRow]
    runs: QualityRuns
    awaits_runs: bool
    policy_row_ids: dict[str, int]
    computed_at: datetime

    @classmethod
    def of(cls, submission: Submission) -> Self | None:
        """The account of a submission read with its quality; None before there is one."""
        quality: Any = getattr(submission, "quality", None)
        if quality is None:
            return None
        return cls.model_validate({name: getattr(quality, name) for name in cls.model_fields})
