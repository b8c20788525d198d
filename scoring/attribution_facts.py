"""What attribution is asked about, and what it can answer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from scoring.paired import Improvement


class ArchitectureAction(StrEnum):
    """What becomes of the architecture."""

    NEW = "new"  # the first of its family, whose owner its hotkey is for ever
    EXISTING = "existing"  # a family's graph in a source that the family knows
    VARIANT = "variant"  # of a family, in another graph near its own or in another source
    HOLD = "hold"
    REJECT = "reject"
    NONE = "none"  # an operator released it without saying whose it is


class TrainingAction(StrEnum):
    """What becomes of the training recipe."""

    NEW = "new"
    EXISTING = "existing"  # the family has a variant with this training
    TRANSFER = "transfer"  # another family has one: brought to this family for the first time
    HOLD = "hold"
    NONE = "none"


class Reason(StrEnum):
    """Why it was decided so."""

    STRUCTURE_CHANGED = "structure_changed"
    EVIDENCE_DISAGREES = "evidence_disagrees"
    REVIEWER_UNSURE = "reviewer_unsure"
    GRAPH_UNKNOWN = "graph_unknown"
    GRAPH_AMBIGUOUS = "graph_ambiguous"
    NEAR_THRESHOLD = "near_threshold"
    FAMILY_UNKNOWN = "family_unknown"  # rejected: training for an architecture that nobody has
    COPY = "copy"  # rejected: architecture and training of another hotkey, line by line
    FIRST_DISCOVERY = "first_discovery"
    SAME_GRAPH = "same_graph"
    SIMILAR_GRAPH = "similar_graph"
    OPERATOR = "operator"  # a person decided


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a submission is: hashes of its graph and of its normalised sources."""

    hotkey: str
    architecture_hash: str
    graph_hash: str | None  # None where no graph could be traced
    training_hash: str | None  # None for an architecture alone
    trains_for: str | None = None  # id of the family that it is a training for


@dataclass(frozen=True, kw_only=True)
class KnownFamily:
    """A family, and how near this submission comes to it."""

    id: str
    graph_hashes: frozenset[str]
    architecture_hashes: frozenset[str]
    canonical_architecture_hash: str
    graph_similarity: float  # of the submission's graph to the family's nearest, 0 to 1
    source_similarity: float = 0.0  # of the submission's architecture source to the family's nearest


@dataclass(frozen=True, kw_only=True)
class KnownVariant:
    """A training recipe within a family."""

    id: str
    family_id: str
    training_hash: str
    hotkey: str


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """What was measured for the decision; None where there was nothing to measure."""

    improvement: Improvement | None = None  # over the current best of the family it belongs to
    reviewer_confidence: float | None = None  # of the semantic reviewer


@dataclass(frozen=True, kw_only=True)
class AttributionTerms:
    """The policy's share in the decision (`duplicate_thresholds`, `llm_review_policy`)."""

    same_architecture_similarity: float
    hold_below: float
    same_source_similarity: float  # `quarantine_source_similarity`
    min_confidence: float


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome; `holds` is empty unless an action is `hold`."""

    architecture_action: ArchitectureAction
    training_action: TrainingAction
    architecture_confidence: float
    training_confidence: float
    reason: Reason
    family_id: str | None = None  # that it belongs to; of a hold, the nearest; None for a new one
    training_variant_id: str | None = None  # of `existing` and `transfer`
    takes_current_best: bool = False
    holds: tuple[Reason, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The decision as it is stored."""
        return {**asdict(self), "holds": list(self.holds), "evidence": dict(self.evidence)}
