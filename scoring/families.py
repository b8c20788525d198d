"""Reading families: what submissions run on, and what lists show."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from evaluations.enums import Mode
from evaluations.models import Identity, Submission
from scoring.models import Family, Variant

Place = tuple[float, datetime, UUID]  # of a family in the list: best score, discovery, id


class FamilyUnknown(Exception):
    """No family of this mode has that id, or nothing stands in it any more."""

    code = "family_unknown"


def canonical_submission(family_id: UUID | str, mode: Mode | None = None) -> Submission:
    """The submission whose architecture files a training for this family runs on; raises `FamilyUnknown`."""
    try:
        wanted = UUID(str(family_id))
    except ValueError:
        raise FamilyUnknown(f"{family_id!r} is no id of a family") from None
    rows = Family.objects.select_related("canonical").filter(pk=wanted, members__gt=0)
    family = (rows if mode is None else rows.filter(mode=mode)).first()
    if family is None:
        raise FamilyUnknown(f"there is no family {wanted} with a standing architecture")
    return family.canonical


def listed(mode: Mode, *, after: Place | None = None) -> QuerySet[Family]:
    """The families of a mode in which something stands, in rank order, read with their current best."""
    rows = Family.objects.filter(mode=mode, members__gt=0).select_related("current_best")
    if after is not None:
        score, discovered_at, pk = after
        later = Q(discovered_at__gt=discovered_at) | Q(discovered_at=discovered_at, pk__gt=pk)
        rows = rows.filter(Q(best_score__lt=score) | Q(best_score=score) & later, best_score__lte=score)
    return rows.order_by("-best_score", "discovered_at", "pk")


def one(family_id: UUID) -> Family:
    """A family with what its page shows; a 404 where there is none."""
    rows = Family.objects.select_related("current_best", "canonical__score", "discovered_by")
    return get_object_or_404(rows, pk=family_id)


def identity_of(family: Family) -> Identity | None:
    """What the canonical submission is made of; none where it was scored before that was kept."""
    return Identity.objects.filter(pk=family.canonical_id).first()


def variants_of(family: Family) -> QuerySet[Variant]:
    """The variants that stand in a family, the best first."""
    rows = Variant.objects.filter(family=family, members__gt=0).select_related("family", "best")
    return rows.order_by("-best_score", "pk")


def newest_variants(mode: Mode) -> QuerySet[Variant]:
    """The variants of all families of a mode, the newest first."""
    rows = Variant.objects.filter(mode=mode, members__gt=0).select_related("family")
    return rows.order_by("-created_at", "pk")
