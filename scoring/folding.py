"""What a family is, from the submissions that stand in it, in the order in which they were accepted. Pure.

Nothing else goes in: not the order in which runs ended, nor what the family was before. So a submission that
was accepted early and scored late finds its place, and one that is taken away leaves no trace.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Member:
    """A submission that stands in a family; `training_hash` is empty where it claims no training."""

    submission_id: UUID
    hotkey: str
    accepted_at: datetime
    final_score: float
    graph_hash: str
    architecture_hash: str
    training_hash: str
    takes_best: bool | None = None  # by an operator's word; None: as the paired test says

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the order of acceptance."""
        return self.accepted_at, self.submission_id


@dataclass(kw_only=True)
class VariantState:
    """A training recipe: the first one's hotkey owns it, and `best` is that hotkey's best with it."""

    first: Member
    best: Member
    members: int = 1


@dataclass(kw_only=True)
class FamilyState:
    """Everything that follows from the members of a family; `current_best` is a training hash."""

    discoverer: Member
    canonical: Member
    members: int = 0
    current_best: str | None = None
    variants: dict[str, VariantState] = field(default_factory=dict)
    graphs: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)


Beats = Callable[[Member, Member], bool]  # whether the first, accepted later, is better beyond the noise


def fold(members: Iterable[Member], beats: Beats) -> FamilyState | None:
    """The family of these members, in whatever order they come; None where there is none."""
    state: FamilyState | None = None
    for member in sorted(members, key=lambda member: member.place):
        state = state or FamilyState(discoverer=member, canonical=member)
        _join(state, member, beats)
    return state


def _join(state: FamilyState, member: Member, beats: Beats) -> None:
    state.members += 1
    state.graphs |= {member.graph_hash} - {""}
    state.sources |= {member.architecture_hash} - {""}
    if member.final_score > state.canonical.final_score:
        state.canonical = member
    if not member.training_hash:
        return
    known = state.variants.get(member.training_hash)
    if known is not None:
        _join_variant(known, member)
        return
    state.variants[member.training_hash] = VariantState(first=member, best=member)
    if _takes_best(state, member, beats):
        state.current_best = member.training_hash


def _join_variant(variant: VariantState, member: Member) -> None:
    """Another hotkey's submission of a known training changes nothing about whose it is."""
    variant.members += 1
    if member.hotkey == variant.first.hotkey and member.final_score > variant.best.final_score:
        variant.best = member


def _takes_best(state: FamilyState, member: Member, beats: Beats) -> bool:
    if state.current_best is None:
        return True
    if member.takes_best is not None:
        return member.takes_best
    return beats(member, state.variants[state.current_best].best)
