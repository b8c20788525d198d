"""The families that can be paid, as `scoring.weights` understands them: of each owner the best."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from evaluations.enums import Mode, Status
from prism_site.policy.resolve import resolve_policy
from scoring import weights
from scoring.comparisons import Comparisons
from scoring.folding import FamilyState, fold
from scoring.gathering import members_of
from scoring.models import Attribution, Family, Variant

RANK_ORDER = ("-best_score", "discovered_at", "pk")


def eligible(mode: Mode, *, limit: int | None = None, before: datetime | None = None) -> list[weights.Family]:
    """At least the first `limit` owners' best families in rank order.

    With `before` as at that moment: families into which something scored later came are folded without it,
    from what stands today.
    """
    if before is None:
        return _first(standing(mode), limit)
    rows = Attribution.objects.filter(mode=mode, state=Attribution.State.STANDING)
    later = rows.filter(scored_at__gte=before).values("family_id")
    earlier = rows.filter(scored_at__lt=before).values("family_id")
    changed = standing(mode).filter(pk__in=later).filter(pk__in=earlier)
    unchanged = standing(mode).exclude(pk__in=later)
    folded = [family for row in changed if (family := _as_at(row, before)) is not None]
    return weights.best_of_owners([*_first(unchanged, limit), *folded])


def standing(mode: Mode) -> QuerySet[Family]:
    """Families in which something stands, in rank order.

    What is held, rejected or worth nothing stands in none; that the canonical submission is completed is
    asked all the same: nobody is paid by mistake.
    """
    rows = Family.objects.filter(mode=mode, members__gt=0, canonical__status=Status.COMPLETED)
    rows = rows.filter(canonical__score__multiplier=1.0)
    return rows.select_related("current_best").order_by(*RANK_ORDER)


def value_of(row: Family) -> weights.Family:
    """A family as weights depend on it."""
    best = row.current_best
    return weights.Family(
        id=str(row.pk),
        owner_hotkey=row.owner_hotkey,
        submission_id=str(row.canonical_id),
        best_score=row.best_score,
        accepted_at=row.discovered_at,
        variant=_variant(best) if best else None,
    )


def value_of_state(family_id: str, state: FamilyState, variant_ids: dict[str, str]) -> weights.Family:
    """The same of a folded family; a variant that has no row yet is named by its training hash."""
    hashed = state.current_best
    best = state.variants[hashed] if hashed else None
    return weights.Family(
        id=family_id,
        owner_hotkey=state.discoverer.hotkey,
        submission_id=str(state.canonical.submission_id),
        best_score=state.canonical.final_score,
        accepted_at=state.discoverer.accepted_at,
        variant=weights.Variant(
            id=variant_ids.get(hashed, hashed),
            owner_hotkey=best.first.hotkey,
            submission_id=str(best.best.submission_id),
        )
        if best and hashed
        else None,
    )


def variant_ids(family_id: str) -> dict[str, str]:
    """The ids of a family's variants by training hash."""
    rows = Variant.objects.filter(family_id=family_id).values_list("training_hash", "pk")
    return {training_hash: str(pk) for training_hash, pk in rows}


def _first(rows: QuerySet[Family], limit: int | None) -> list[weights.Family]:
    """One query, unless few owners have most of the best families."""
    if limit is None:
        return weights.best_of_owners(map(value_of, rows))
    found: dict[str, weights.Family] = {}
    while len(found) < limit:
        page = [value_of(row) for row in rows.exclude(owner_hotkey__in=found)[: 4 * limit]]
        for family in page:
            found.setdefault(family.owner_hotkey, family)
        if len(page) < 4 * limit:
            break
    return weights.best_of_owners(found.values())


def _as_at(row: Family, before: datetime) -> weights.Family | None:
    thresholds = resolve_policy(official=False).score_weights.improvement_thresholds
    state = fold(members_of(row.pk, before=before), Comparisons(thresholds, keep=False).beats)
    if state is None:
        return None
    return value_of_state(str(row.pk), state, variant_ids(str(row.pk)))


def _variant(row: Variant) -> weights.Variant:
    return weights.Variant(id=str(row.pk), owner_hotkey=row.hotkey, submission_id=str(row.best_id))


def replaced(families: Iterable[weights.Family], changed: weights.Family) -> list[weights.Family]:
    """Families with one of them as it would be."""
    return [*(each for each in families if each.id != changed.id), changed]
