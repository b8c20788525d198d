"""Which family an architecture belongs to, how sure that is, and every reason not to say so. Pure."""

from collections.abc import Sequence

from scoring.attribution_facts import AttributionTerms, KnownFamily, Measurements, Reason, Signature


def nearest(signature: Signature, families: Sequence[KnownFamily]) -> KnownFamily | None:
    """The family that a training names; else one with the same graph; else the most similar."""
    if signature.trains_for is not None:
        return next((family for family in families if family.id == signature.trains_for), None)
    same = next((family for family in families if same_graph(signature, family)), None)
    return same or max(families, key=lambda family: family.graph_similarity, default=None)


def same_graph(signature: Signature, family: KnownFamily | None) -> bool:
    """Whether the graph is one of the family's, by hash."""
    return family is not None and signature.graph_hash in family.graph_hashes


def is_same(signature: Signature, family: KnownFamily, terms: AttributionTerms) -> bool:
    """Whether the graph is clearly the family's."""
    return same_graph(signature, family) or family.graph_similarity >= terms.same_architecture_similarity


def unclear(
    signature: Signature,
    family: KnownFamily | None,
    families: Sequence[KnownFamily],
    measurements: Measurements,
    terms: AttributionTerms,
) -> tuple[Reason, ...]:
    """Every reason not to say which architecture it is."""
    confidence = measurements.reviewer_confidence
    found = {
        Reason.STRUCTURE_CHANGED: _structure_changed(signature, family),
        Reason.EVIDENCE_DISAGREES: any(_disagrees(signature, family, each, terms) for each in families),
        Reason.REVIEWER_UNSURE: confidence is not None and confidence < terms.min_confidence,
        Reason.GRAPH_UNKNOWN: signature.graph_hash is None,
        Reason.GRAPH_AMBIGUOUS: _ambiguous(signature, family, terms),
    }
    return tuple(reason for reason, applies in found.items() if applies)


def _structure_changed(signature: Signature, family: KnownFamily | None) -> bool:
    if signature.trains_for is None or family is None:
        return False
    other_source = signature.architecture_hash != family.canonical_architecture_hash
    return other_source or (signature.graph_hash is not None and not same_graph(signature, family))


def _disagrees(
    signature: Signature, family: KnownFamily | None, other: KnownFamily, terms: AttributionTerms
) -> bool:
    """The source is that of `other`, and the graph is another family's, or nothing like that of `other`."""
    known = signature.architecture_hash in other.architecture_hashes
    if not known and other.source_similarity < terms.same_source_similarity:
        return False
    if signature.graph_hash is None or same_graph(signature, other):
        return False
    of_another = family is not None and family.id != other.id and is_same(signature, family, terms)
    return of_another or other.graph_similarity < terms.hold_below


def _ambiguous(signature: Signature, family: KnownFamily | None, terms: AttributionTerms) -> bool:
    """Never training for an existing architecture: its graph is the family's, or its structure changed."""
    if family is None or signature.trains_for is not None or is_same(signature, family, terms):
        return False
    return family.graph_similarity >= terms.hold_below


def certainty(
    signature: Signature,
    family: KnownFamily | None,
    families: Sequence[KnownFamily],
    measurements: Measurements,
    terms: AttributionTerms,
) -> float:
    """How sure the architecture's family is: 1 by hash, else how far its similarity is from the middle."""
    if signature.graph_hash is None or any(_disagrees(signature, family, each, terms) for each in families):
        return 0.0
    similarity = family.graph_similarity if family else 0.0
    sure = 1.0 if same_graph(signature, family) else max(similarity, 1.0 - similarity)
    reviewer = measurements.reviewer_confidence
    return sure if reviewer is None else min(sure, reviewer)
