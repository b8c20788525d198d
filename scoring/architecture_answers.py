"""What the routes about architectures and their variants give, field by field."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from scoring.models import Family, OwnershipEvent, Variant


class CurrentBest(BaseModel):
    """The variant that holds a family's training share, and since when."""

    variant_id: UUID
    hotkey: str
    submission_id: UUID
    since: datetime


class ArchitectureRow(BaseModel):
    """A family: architectures with one graph.

    Its owner is the hotkey of its first accepted submission; `canonical_submission_id` is its best one, whose
    files a training for it runs on. With `submissions` 0 nothing stands in it any more.
    """

    id: UUID
    mode: str
    graph_hash: str
    owner_hotkey: str
    discovered_by: UUID
    discovered_at: datetime
    canonical_submission_id: UUID
    best_score: float
    submissions: int
    variants: int
    current_best: CurrentBest | None

    @classmethod
    def of(cls, family: Family) -> Self:
        """A family read with its current best."""
        return cls(**cls.fields_of(family))

    @classmethod
    def fields_of(cls, family: Family) -> dict[str, Any]:
        """The values of these fields, for the longer answer too."""
        best = family.current_best
        return {
            "id": family.pk,
            "mode": family.mode,
            "graph_hash": family.graph_hash,
            "owner_hotkey": family.owner_hotkey,
            "discovered_by": family.discovered_by_id,
            "discovered_at": family.discovered_at,
            "canonical_submission_id": family.canonical_id,
            "best_score": family.best_score,
            "submissions": family.members,
            "variants": family.variants_count,
            "current_best": CurrentBest(
                variant_id=best.pk,
                hotkey=best.hotkey,
                submission_id=best.best_id,
                since=family.current_best_since or best.created_at,
            )
            if best
            else None,
        }


class ArchitecturePage(BaseModel):
    """Families of a mode, the best first; `official` says whether this mode may earn weight."""

    mode: str
    official: bool
    items: list[ArchitectureRow]
    next_cursor: str | None


class OwnershipEventRow(BaseModel):
    """One thing that changed about a family; its submission caused it."""

    kind: str
    submission_id: UUID
    variant_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]
    created_at: datetime

    @classmethod
    def of(cls, event: OwnershipEvent) -> Self:
        """An event without what only operators read: who decided, and the evidence."""
        return cls(
            kind=event.kind,
            submission_id=event.submission_id,
            variant_id=event.variant_id,
            before=event.before,
            after=event.after,
            created_at=event.created_at,
        )


class Architecture(ArchitectureRow):
    """A family with the graph of its canonical submission and its newest events.

    `graph` is `{nodes: [label], edges: [[from, to, place]]}`; null where none was kept.
    """

    graph: dict[str, Any] | None
    graph_source: str
    graph_hashes: list[str]
    architecture_hashes: int
    events: list[OwnershipEventRow]


class VariantRow(BaseModel):
    """A training recipe within a family; `best_submission_id` is its owner's best with it."""

    id: UUID
    architecture_id: UUID
    hotkey: str
    training_hash: str
    first_submission_id: UUID
    best_submission_id: UUID
    best_score: float
    submissions: int
    created_at: datetime
    is_current_best: bool
    current_best_since: datetime | None

    @classmethod
    def of(cls, variant: Variant) -> Self:
        """A variant read with its family."""
        is_best = variant.family.current_best_id == variant.pk
        return cls(
            id=variant.pk,
            architecture_id=variant.family_id,
            hotkey=variant.hotkey,
            training_hash=variant.training_hash,
            first_submission_id=variant.first_id,
            best_submission_id=variant.best_id,
            best_score=variant.best_score,
            submissions=variant.members,
            created_at=variant.created_at,
            is_current_best=is_best,
            current_best_since=variant.family.current_best_since if is_best else None,
        )


class VariantPage(BaseModel):
    """Variants: those of one family the best first, those of a whole mode the newest first."""

    items: list[VariantRow]
    next_cursor: str | None


class Report(BaseModel):
    """What is known about a family in sentences, each a stored fact; `phrased_by` is null for such."""

    architecture_id: UUID
    phrased_by: str | None
    sentences: list[str]
