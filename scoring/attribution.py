"""Whose an architecture and a training recipe are: a pure function of identities and measurements.

It is asked once for every official submission that has a score, and it answers or holds:

1. `structure_changed`: training for an existing architecture ships another one, or its measured graph is not
   the family's.
2. `evidence_disagrees`, `reviewer_unsure`, `graph_unknown`: the evidence does not say which family it is.
3. `graph_ambiguous`: the graph is neither clearly a known family's nor clearly of no family.
4. `near_threshold`: it nearly beats the current best training of its family.

The first that applies is the decision's reason; all of them are in `holds`.
"""

import math
from collections.abc import Sequence
from typing import Any

from scoring.attribution_facts import (
    ArchitectureAction,
    AttributionTerms,
    Decision,
    KnownFamily,
    KnownVariant,
    Measurements,
    Reason,
    Signature,
    TrainingAction,
)
from scoring.attribution_rules import certainty, is_same, nearest, same_graph, unclear
from scoring.paired import Verdict


class ImprovementMissing(Exception):
    """The family has a current best, and nobody compared the submission with it."""

    code = "improvement_missing"


def decide(
    signature: Signature,
    families: Sequence[KnownFamily],
    variants: Sequence[KnownVariant],
    measurements: Measurements,
    terms: AttributionTerms,
) -> Decision:
    """Attribute one submission; `families` and `variants` in the order of their discovery.

    `families` holds at least those of the same graph or source and the most similar one, `variants` those of
    these families and all of the same training. Raises `ImprovementMissing`.
    """
    family = nearest(signature, families)
    evidence = _evidence(signature, family, measurements)
    if signature.trains_for is not None and family is None:
        return _rejected(Reason.FAMILY_UNKNOWN, None, evidence)
    if copied := _copied(signature, family, variants):
        return _rejected(Reason.COPY, family, evidence | {"copied_variant_id": copied.id})
    sure = certainty(signature, family, families, measurements, terms)
    if reasons := unclear(signature, family, families, measurements, terms):
        return _held(signature, reasons, family, sure, evidence)
    architecture, reason = _architecture(signature, family, terms)
    joined = None if architecture is ArchitectureAction.NEW else family
    training, known = _training(signature, joined, variants)
    takes, near = _current_best(training, joined, variants, measurements)
    return Decision(
        architecture_action=architecture,
        training_action=TrainingAction.HOLD if near else training,
        architecture_confidence=sure,
        training_confidence=_significance(training, measurements),
        reason=Reason.NEAR_THRESHOLD if near else reason,
        family_id=joined.id if joined else None,
        training_variant_id=known.id if known else None,
        takes_current_best=takes,
        holds=(Reason.NEAR_THRESHOLD,) if near else (),
        evidence=evidence,
    )


def _copied(
    signature: Signature, family: KnownFamily | None, variants: Sequence[KnownVariant]
) -> KnownVariant | None:
    """The variant of another hotkey whose architecture and training these are, if any."""
    if family is None or not same_graph(signature, family):
        return None
    if signature.architecture_hash not in family.architecture_hashes:
        return None
    known = _variant(signature, family, variants)
    return known if known and known.hotkey != signature.hotkey else None


def _variant(
    signature: Signature, family: KnownFamily, variants: Sequence[KnownVariant]
) -> KnownVariant | None:
    """The family's variant of the same training."""
    if signature.training_hash is None:
        return None
    return next(
        (v for v in variants if v.family_id == family.id and v.training_hash == signature.training_hash),
        None,
    )


def _architecture(
    signature: Signature, family: KnownFamily | None, terms: AttributionTerms
) -> tuple[ArchitectureAction, Reason]:
    """What becomes of an architecture whose family is clear."""
    if family is None or not is_same(signature, family, terms):
        return ArchitectureAction.NEW, Reason.FIRST_DISCOVERY
    if not same_graph(signature, family):
        return ArchitectureAction.VARIANT, Reason.SIMILAR_GRAPH
    known = signature.architecture_hash in family.architecture_hashes
    return ArchitectureAction.EXISTING if known else ArchitectureAction.VARIANT, Reason.SAME_GRAPH


def _training(
    signature: Signature, joined: KnownFamily | None, variants: Sequence[KnownVariant]
) -> tuple[TrainingAction, KnownVariant | None]:
    """What becomes of a training recipe, and the variant that it is known from."""
    if signature.training_hash is None:
        return TrainingAction.NONE, None
    if joined is not None and (known := _variant(signature, joined, variants)):
        return TrainingAction.EXISTING, known
    elsewhere = next((v for v in variants if v.training_hash == signature.training_hash), None)
    return (TrainingAction.TRANSFER if elsewhere else TrainingAction.NEW), elsewhere


def _current_best(
    training: TrainingAction,
    joined: KnownFamily | None,
    variants: Sequence[KnownVariant],
    measurements: Measurements,
) -> tuple[bool, bool]:
    """(whether it takes the family's current best, whether it nearly does); the first variant takes it."""
    if training not in (TrainingAction.NEW, TrainingAction.TRANSFER):
        return False, False
    if joined is None or not any(variant.family_id == joined.id for variant in variants):
        return True, False
    if measurements.improvement is None:
        raise ImprovementMissing(f"family {joined.id} has a current best to be compared with")
    verdict = measurements.improvement.verdict
    return verdict is Verdict.BETTER, verdict is Verdict.NEAR


def _held(
    signature: Signature,
    holds: tuple[Reason, ...],
    family: KnownFamily | None,
    sure: float,
    evidence: dict[str, Any],
) -> Decision:
    """Which family it is must be known before its training can be anyone's."""
    has_training = signature.training_hash is not None
    return Decision(
        architecture_action=ArchitectureAction.HOLD,
        training_action=TrainingAction.HOLD if has_training else TrainingAction.NONE,
        architecture_confidence=sure,
        training_confidence=sure if has_training else 1.0,
        reason=holds[0],
        family_id=family.id if family else None,
        holds=holds,
        evidence=evidence,
    )


def _rejected(reason: Reason, family: KnownFamily | None, evidence: dict[str, Any]) -> Decision:
    return Decision(
        architecture_action=ArchitectureAction.REJECT,
        training_action=TrainingAction.NONE,
        architecture_confidence=1.0,
        training_confidence=1.0,
        reason=reason,
        family_id=family.id if family else None,
        evidence=evidence,
    )


def _significance(training: TrainingAction, measurements: Measurements) -> float:
    """How sure it is that a training differs from the current best: the normal probability of |z|, else 1."""
    if training not in (TrainingAction.NEW, TrainingAction.TRANSFER) or measurements.improvement is None:
        return 1.0
    return 0.5 * (1.0 + math.erf(abs(measurements.improvement.z) / math.sqrt(2.0)))


def _evidence(signature: Signature, family: KnownFamily | None, measurements: Measurements) -> dict[str, Any]:
    """What the decision was made from, as JSON."""
    improvement = measurements.improvement
    return {
        "graph_hash": signature.graph_hash,
        "architecture_hash": signature.architecture_hash,
        "training_hash": signature.training_hash,
        "nearest_family_id": family.id if family else None,
        "graph_similarity": family.graph_similarity if family else None,
        "source_similarity": family.source_similarity if family else None,
        "reviewer_confidence": measurements.reviewer_confidence,
        "improvement": improvement.as_json() if improvement else None,
    }
