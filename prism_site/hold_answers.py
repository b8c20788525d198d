"""What the routes about holds take and give, field by field."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from prism_site.decisions import undoable
from reviews import holds
from reviews.attribution import Attribution
from reviews.holds import NOTE_CHARS, DecisionRefused
from reviews.models import Hold

ATTRIBUTION_FIELDS = frozenset(Attribution.model_fields)


class HoldRow(BaseModel):
    """One hold with its evidence; `decisions` are those that it takes while it is open."""

    id: int
    submission_id: UUID
    hotkey: str
    kind: str
    reason_code: str
    summary: str
    evidence: dict[str, Any]
    confidence: float
    status: str
    created_at: datetime
    due_at: datetime
    age_seconds: float
    overdue: bool
    claimed_by: str
    decisions: list[str]
    decision: str
    decided_by: str
    decided_at: datetime | None
    note: str
    resolution: dict[str, Any]
    can_undo: bool
    version: int

    @classmethod
    def of(cls, hold: Hold, final_until: datetime | None) -> Self:
        """A hold read with its submission; `final_until` is when the last epoch with final weights ended."""
        own = {name: getattr(hold, name) for name in cls.model_fields if hasattr(hold, name)}
        taken = holds.DECISIONS[Hold.Kind(hold.kind)] if hold.status == Hold.Status.OPEN else ()
        return cls(
            **{**own, "claimed_by": hold.claimant},
            hotkey=hold.submission.hotkey,
            age_seconds=(timezone.now() - hold.created_at).total_seconds(),
            overdue=hold.is_overdue,
            decisions=sorted(taken),
            can_undo=undoable(hold, final_until),
        )


class HoldPage(BaseModel):
    """A page of holds, the most urgent first."""

    items: list[HoldRow]
    next_cursor: str | None


class ResolveBody(BaseModel):
    """A decision, an attribution, or both; `reason` is another name for `note`.

    Without `decision` the attribution decides: a `reject` ends the submission, anything else lets it go on.
    Without `version` the hold is decided as it stands.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    decision: str | None = Field(None, max_length=20)
    note: str | None = Field(None, max_length=NOTE_CHARS)
    version: int | None = Field(None, ge=1)
    reason: str | None = Field(None, max_length=NOTE_CHARS)
    architecture_action: str | None = Field(None, max_length=20)
    training_action: str | None = Field(None, max_length=20)
    architecture_id: str | None = Field(None, max_length=64)
    training_variant_id: str | None = Field(None, max_length=64)

    @property
    def words(self) -> str:
        """Why."""
        return self.note or self.reason or ""

    def attribution(self) -> Attribution | None:
        """What it says about whose the work is; raises `ValidationError`."""
        said = self.model_dump(include=set(ATTRIBUTION_FIELDS), exclude_none=True)
        return Attribution.model_validate(said) if said else None

    def decision_about(self, hold: Hold, attribution: Attribution | None) -> Hold.Decision:
        """What is to be decided; raises `DecisionRefused` where the body does not say."""
        if self.decision is not None:
            if self.decision not in Hold.Decision.values:
                raise DecisionRefused(f"the decisions are {', '.join(Hold.Decision.values)}")
            return Hold.Decision(self.decision)
        if attribution is None:
            raise DecisionRefused("say `decision`, or whose the architecture is by `architecture_action`")
        if attribution.refuses:
            return Hold.Decision.CONFIRM
        attributed = Hold.Kind(hold.kind) in holds.ATTRIBUTED
        return Hold.Decision.ATTRIBUTE if attributed else Hold.Decision.RELEASE
