"""The rows of a family as its members make them, and an event for everything that this changes.

`scoring.ownership` calls this with the mode's turn.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from evaluations.models import Identity
from prism_site.policy.resolve import resolve_policy
from scoring.comparisons import Comparisons
from scoring.folding import FamilyState, VariantState, fold
from scoring.gathering import members_of
from scoring.models import (
    Attribution,
    Family,
    FamilyGraph,
    FamilySource,
    FamilyTurn,
    OwnershipEvent,
    Variant,
)

Kind = OwnershipEvent.Kind
Picture = dict[str, Any]


def found(row: Attribution) -> Family:
    """The family that a discovery founds: a new one, or one of the same graph in which nothing stands."""
    if row.graph_hash:
        rows = Family.objects.filter(mode=row.mode, graph_hash=row.graph_hash, members=0)
        if dissolved := rows.order_by("discovered_at", "pk").first():
            return dissolved
    return Family.objects.create(
        mode=row.mode,
        graph_hash=row.graph_hash,
        owner_hotkey=row.hotkey,
        discovered_by_id=row.pk,
        discovered_at=row.accepted_at,
        canonical_id=row.pk,
        best_score=row.final_score,
        members=0,
    )


def refold(
    family: Family,
    turn: FamilyTurn,
    *,
    because: Attribution,
    kind: OwnershipEvent.Kind,
    by: str,
    why: Mapping[str, Any] | None = None,
) -> None:
    """Make rows of what now stands in a family; `because` joined it or was withdrawn from it."""
    thresholds = resolve_policy(official=False).score_weights.improvement_thresholds
    state = fold(members_of(family.pk), Comparisons(thresholds, keep=True).beats)
    before = picture(family)
    kind = Kind.DISCOVERED if not before["members"] else kind
    pen = Pen(family, because, by)
    _keep_names(family, turn, state)
    family.members = state.members if state else 0
    if state is not None:
        family.graph_hash = state.discoverer.graph_hash
        family.owner_hotkey = state.discoverer.hotkey
        family.discovered_by_id = state.discoverer.submission_id
        family.discovered_at = state.discoverer.accepted_at
        family.canonical_id = state.canonical.submission_id
        family.best_score = state.canonical.final_score
    family.save()
    evidence = because.decision if why is None else dict(why)
    pen.write(kind, before=before if why else {}, after=picture(family), evidence=evidence)
    _keep_variants(family, state, pen)
    pen.write_changes(before, dissolved=state is None)


def note(
    row: Attribution, kind: OwnershipEvent.Kind, *, by: str, why: Mapping[str, Any] | None = None
) -> None:
    """Say what became of a submission that stands in no family."""
    OwnershipEvent.objects.create(
        mode=row.mode,
        kind=kind,
        family=row.family,
        submission_id=row.pk,
        evidence=row.decision if why is None else dict(why),
        by=by,
        created_at=timezone.now(),
    )


def picture(family: Family) -> Picture:
    """What can change about a family, for before and after."""
    return {
        "owner_hotkey": family.owner_hotkey,
        "discovered_by": str(family.discovered_by_id),
        "canonical": str(family.canonical_id),
        "best_score": family.best_score,
        "members": family.members,
        "current_best": str(family.current_best_id) if family.current_best_id else None,
    }


class Pen:
    """Writes the events of one change of one family."""

    def __init__(self, family: Family, because: Attribution, by: str) -> None:
        self.family, self.because, self.by = family, because, by
        self.at = timezone.now()

    def write(
        self,
        kind: OwnershipEvent.Kind,
        *,
        before: Picture,
        after: Picture,
        variant: Variant | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """One event; its submission is the one that caused the change."""
        OwnershipEvent.objects.create(
            mode=self.family.mode,
            kind=kind,
            family=self.family,
            variant=variant,
            submission_id=self.because.pk,
            before=before,
            after=after,
            evidence=dict(evidence or {}),
            by=self.by,
            created_at=self.at,
        )

    def write_changes(self, before: Picture, *, dissolved: bool) -> None:
        """What changed hands; a family that was just discovered has changed from nobody."""
        after = picture(self.family)
        if dissolved:
            self.write(Kind.DISSOLVED, before=before, after=after)
            return
        watched = {
            Kind.DISCOVERER_CHANGED: ("discovered_by", "owner_hotkey"),
            Kind.CANONICAL_CHANGED: ("canonical", "best_score"),
        }
        for kind, (name, other) in watched.items() if before["members"] else ():
            if before[name] != after[name]:
                self.write(
                    kind,
                    before={name: before[name], other: before[other]},
                    after={name: after[name], other: after[other]},
                )
        if before["current_best"] != after["current_best"]:
            self.write(
                Kind.BEST_CHANGED,
                variant=self.family.current_best,
                before={"current_best": before["current_best"]},
                after={"current_best": after["current_best"]},
                evidence={"compared": self.because.compared, "takes_best": self.because.takes_best},
            )


def _keep_names(family: Family, turn: FamilyTurn, state: FamilyState | None) -> None:
    """Graphs and sources of exactly the members; a graph that another family has stays there."""
    graphs, sources = (state.graphs, state.sources) if state else (set(), set())
    gone = family.graphs.exclude(graph_hash__in=graphs)
    if gone.exists():
        gone.delete()
        turn.removal = uuid.uuid4()
    known = FamilyGraph.objects.filter(mode=family.mode, graph_hash__in=graphs)
    for graph_hash in sorted(graphs - set(known.values_list("graph_hash", flat=True))):
        turn.graphs += 1
        FamilyGraph.objects.create(
            family=family,
            mode=family.mode,
            graph_hash=graph_hash,
            histogram=_histogram(family, graph_hash),
            number=turn.graphs,
        )
    turn.save()
    family.sources.exclude(architecture_hash__in=sources).delete()
    missing = sources - set(family.sources.values_list("architecture_hash", flat=True))
    FamilySource.objects.bulk_create(
        FamilySource(family=family, architecture_hash=each) for each in sorted(missing)
    )


def _histogram(family: Family, graph_hash: str) -> dict[str, int]:
    theirs = Identity.objects.filter(graph_hash=graph_hash, submission__attribution__family=family)
    return theirs.values_list("histogram", flat=True).first() or {}


def _keep_variants(family: Family, state: FamilyState | None, pen: Pen) -> None:
    rows = {row.training_hash: row for row in family.variants.all()}
    standing = state.variants if state else {}
    for training_hash in rows.keys() - standing.keys():
        _remove_variant(rows[training_hash], pen)
    for training_hash, variant in standing.items():
        rows[training_hash] = _keep_variant(family, training_hash, variant, rows.get(training_hash), pen)
    family.variants_count = len(standing)
    best = rows[state.current_best] if state and state.current_best else None
    if family.current_best != best:
        family.current_best = best
        family.current_best_since = pen.at if best else None
    family.save()


def _remove_variant(row: Variant, pen: Pen) -> None:
    if not row.members:
        return
    before, row.members = variant_picture(row), 0
    row.save(update_fields=["members"])
    pen.write(Kind.VARIANT_REMOVED, variant=row, before=before, after=variant_picture(row))


def _keep_variant(
    family: Family, training_hash: str, state: VariantState, row: Variant | None, pen: Pen
) -> Variant:
    before = variant_picture(row) if row else {}
    stood = row is not None and row.members > 0
    row = row or Variant(family=family, mode=family.mode, training_hash=training_hash)
    row.hotkey, row.first_id = state.first.hotkey, state.first.submission_id
    row.best_id, row.best_score = state.best.submission_id, state.best.final_score
    row.members, row.created_at = state.members, state.first.accepted_at
    after = variant_picture(row)
    if before != after:
        row.save()
        changed = {**before, "members": None} != {**after, "members": None}
        if not stood or changed:
            kind = Kind.VARIANT_CHANGED if stood else Kind.VARIANT_ADDED
            pen.write(kind, variant=row, before=before, after=after)
    return row


def variant_picture(row: Variant) -> Picture:
    """What can change about a variant."""
    return {
        "hotkey": row.hotkey,
        "first": str(row.first_id),
        "best": str(row.best_id),
        "best_score": row.best_score,
        "members": row.members,
    }
