"""What attribution is asked about a submission: its signature, the families that it may belong to, the runs.

Candidates are bounded whatever is stored: the family of its graph, families of its source, the most similar
ones (`scoring.graph_index`), and those that it or an operator names. Of the family it comes nearest to, only
what was accepted before counts, so that the answer does not depend on which run ended first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from evaluations.enums import Kind, Mode
from evaluations.models import Identity, Submission
from prism_site.policy.resolve import Policy
from scoring.attribution_facts import AttributionTerms, KnownFamily, KnownVariant, Measurements, Signature
from scoring.attribution_rules import nearest
from scoring.comparisons import Comparisons, compare
from scoring.folding import FamilyState, Member, fold
from scoring.graph_index import index_of
from scoring.models import Attribution, Family, FamilyGraph, FamilySource, FamilyTurn, Variant

EACH_SOURCE, MOST_SIMILAR, EACH_TRAINING = 16, 8, 16


@dataclass(frozen=True, kw_only=True)
class Question:
    """The arguments of `scoring.attribution.decide`."""

    signature: Signature
    families: list[KnownFamily]
    variants: list[KnownVariant]
    measurements: Measurements
    terms: AttributionTerms
    compared_with: UUID | None = None  # the submission over which the improvement is


def gather(
    submission: Submission,
    turn: FamilyTurn,
    policy: Policy,
    *,
    reviewer_confidence: float | None = None,
    named_family: str | None = None,
    named_variant: str | None = None,
) -> Question:
    """Everything that a decision about a scored submission depends on; the caller has the mode's turn."""
    identity = Identity.objects.filter(pk=submission.pk).first()
    signature = signature_of(submission, identity)
    families = _families(submission, signature, identity, turn, [named_family, signature.trains_for])
    own = nearest(signature, families)
    state = _before(own, submission, policy) if own else None
    variants = [*_of_state(own, state), *_elsewhere(submission, signature, own, named_variant)]
    rival = _rival(signature, state)
    improvement = (
        compare(rival, submission.pk, policy.score_weights.improvement_thresholds) if rival else None
    )
    return Question(
        signature=signature,
        families=families,
        variants=variants,
        measurements=Measurements(improvement=improvement, reviewer_confidence=reviewer_confidence),
        terms=terms_of(policy),
        compared_with=rival,
    )


def signature_of(submission: Submission, identity: Identity | None) -> Signature:
    """What a submission is; without an identity its graph is unknown and its source like no other."""
    trains = submission.kind == Kind.TRAINING_FOR_ARCH
    return Signature(
        hotkey=submission.hotkey,
        architecture_hash=identity.architecture_hash if identity else "",
        graph_hash=identity.graph_hash if identity else None,
        training_hash=(identity.training_hash or None) if identity else None,
        trains_for=submission.architecture_id if trains else None,
    )


def terms_of(policy: Policy) -> AttributionTerms:
    """The policy's share in a decision."""
    thresholds = policy.duplicate_thresholds
    return AttributionTerms(
        same_architecture_similarity=thresholds.same_architecture_similarity,
        hold_below=thresholds.hold_below,
        same_source_similarity=thresholds.quarantine_source_similarity,
        min_confidence=policy.llm_review_policy.min_confidence,
    )


def members_of(family_id: UUID | str, *, before: datetime | None = None) -> list[Member]:
    """The submissions that stand in a family, in the order of acceptance; those scored by then."""
    rows = Attribution.objects.filter(family_id=family_id, state=Attribution.State.STANDING)
    if before is not None:
        rows = rows.filter(scored_at__lt=before)
    return [member_of(row) for row in rows.order_by("accepted_at", "pk").defer("decision", "compared")]


def member_of(row: Attribution) -> Member:
    """A row as folding reads it."""
    names = ("submission_id", "hotkey", "accepted_at", "final_score", "takes_best")
    hashes = ("graph_hash", "architecture_hash", "training_hash")
    return Member(**{name: getattr(row, name) for name in (*names, *hashes)})


def _families(
    submission: Submission,
    signature: Signature,
    identity: Identity | None,
    turn: FamilyTurn,
    named: Iterable[str | None],
) -> list[KnownFamily]:
    """Candidates in the order of their discovery."""
    mode = Mode(submission.mode)
    similarities = index_of(turn).similarities(identity.histogram if identity else {})
    most_similar = sorted(similarities, key=lambda pk: (-similarities[pk], str(pk)))[:MOST_SIMILAR]
    wanted = {*most_similar, *_known_by(mode, signature), *filter(None, map(_uuid, named))}
    rows = Family.objects.filter(pk__in=wanted, mode=mode, members__gt=0)
    rows = rows.select_related("canonical__identity").order_by("discovered_at", "pk")
    return [_known_family(row, submission, signature, similarities.get(row.pk, 0.0)) for row in rows]


def _known_by(mode: Mode, signature: Signature) -> set[UUID]:
    """Families of the same graph or the same source, by index."""
    graphs = FamilyGraph.objects.filter(mode=mode, graph_hash=signature.graph_hash or "")
    sources = FamilySource.objects.filter(
        architecture_hash=signature.architecture_hash, family__mode=mode
    ).order_by("family__discovered_at", "pk")
    found = sources.values_list("family_id", flat=True)[:EACH_SOURCE] if signature.architecture_hash else []
    return {*graphs.values_list("family_id", flat=True), *found}


def _known_family(
    row: Family, submission: Submission, signature: Signature, similarity: float
) -> KnownFamily:
    """Only hashes that are the submission's own are asked for, so no others are read."""
    graphs = row.graphs.filter(graph_hash=signature.graph_hash or "")
    sources = row.sources.filter(architecture_hash=signature.architecture_hash)
    same = frozenset(graphs.values_list("graph_hash", flat=True))
    return KnownFamily(
        id=str(row.pk),
        graph_hashes=same,
        architecture_hashes=frozenset(sources.values_list("architecture_hash", flat=True)),
        canonical_architecture_hash=_canonical_source(row, submission),
        graph_similarity=1.0 if same else similarity,
    )


def _canonical_source(row: Family, submission: Submission) -> str:
    """Of a training, that of the files which it was run with: the family may have a better version by now."""
    source = submission.trains_for or row.canonical
    identity = Identity.objects.filter(pk=source.pk).first()
    return identity.architecture_hash if identity else ""


def _before(family: KnownFamily, submission: Submission, policy: Policy) -> FamilyState | None:
    """The family as it is without those accepted later, and without the submission itself."""
    place = submission.created_at, submission.pk
    earlier = [member for member in members_of(family.id) if member.place < place]
    comparisons = Comparisons(policy.score_weights.improvement_thresholds, keep=False)
    return fold(earlier, comparisons.beats)


def _of_state(family: KnownFamily | None, state: FamilyState | None) -> list[KnownVariant]:
    """The variants of a family by their rows; a training that nobody had before is none."""
    if family is None or state is None:
        return []
    rows = Variant.objects.filter(family_id=family.id, training_hash__in=state.variants)
    ids = dict(rows.values_list("training_hash", "pk"))
    return [
        KnownVariant(
            id=str(ids[training_hash]),
            family_id=family.id,
            training_hash=training_hash,
            hotkey=variant.first.hotkey,
        )
        for training_hash, variant in state.variants.items()
    ]


def _elsewhere(
    submission: Submission, signature: Signature, own: KnownFamily | None, named: str | None
) -> Sequence[KnownVariant]:
    """The same training in other families, the earliest first, and a variant that an operator names."""
    rows = Variant.objects.filter(mode=submission.mode, members__gt=0)
    if own is not None:
        rows = rows.exclude(family_id=own.id)
    same = rows.filter(training_hash=signature.training_hash or "", created_at__lt=submission.created_at)
    found = [
        *same.order_by("created_at", "pk")[:EACH_TRAINING],
        *rows.filter(pk__in=filter(None, [_uuid(named)])),
    ]
    return [
        KnownVariant(
            id=str(row.pk),
            family_id=str(row.family_id),
            training_hash=row.training_hash,
            hotkey=row.hotkey,
        )
        for row in dict.fromkeys(found)
    ]


def _rival(signature: Signature, state: FamilyState | None) -> UUID | None:
    """What a training competes with: the current best of the family that it comes nearest to."""
    if state is None or state.current_best is None or signature.training_hash is None:
        return None
    if signature.training_hash in state.variants:
        return None
    return state.variants[state.current_best].best.submission_id


def _uuid(name: str | None) -> UUID | None:
    try:
        return UUID(name) if name else None
    except ValueError:
        return None
