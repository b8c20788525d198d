"""The pages of architectures: which there are, and what became of one."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluations.enums import Mode
from evaluations.views import graph_drawing, now
from evaluations.views.drawing import Point
from prism_site.config import env
from scoring import families
from scoring.models import Family, OwnershipEvent, Score, Variant
from scoring.ownership_words import said_of

SHOWN, VARIANTS_SHOWN, EVENTS_SHOWN = 100, 50, 50


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    rank: int
    family: Family
    points: list[Point]


@dataclass(frozen=True)
class VariantLine:
    """A variant with the curve of its best submission."""

    variant: Variant
    points: list[Point]
    is_best: bool


@dataclass(frozen=True)
class EventLine:
    """One thing that happened, in a sentence."""

    event: OwnershipEvent
    text: str


@require_safe
def architectures(request: HttpRequest) -> HttpResponse:
    """The families of a mode, the best first."""
    asked = request.GET.get("mode", "")
    mode = Mode(asked) if asked in Mode.values else Mode(env().execution_mode)
    found = list(families.listed(mode).select_related("canonical")[:SHOWN])
    points = _points([family.canonical_id for family in found])
    rows = [
        Row(rank, family, points.get(family.canonical_id, [])) for rank, family in enumerate(found, start=1)
    ]
    context = {"mode": mode, "modes": list(Mode), "rows": rows, "shown": SHOWN}
    return render(request, "architectures.html", context)


@require_safe
def architecture(request: HttpRequest, architecture_id: UUID) -> HttpResponse:
    """One family: whose it is, its graph, its variants and its history."""
    family = families.one(architecture_id)
    identity = families.identity_of(family)
    context = {
        "family": family,
        "identity": identity,
        "drawing": graph_drawing.svg(identity.graph) if identity else "",
        "points": _points([family.canonical_id]).get(family.canonical_id, []),
        "variants": _variants(family),
        "variants_shown": VARIANTS_SHOWN,
        "events": [
            EventLine(event, said_of(event))
            for event in family.events.select_related("submission", "variant").order_by("-pk")[:EVENTS_SHOWN]
        ],
        "events_shown": EVENTS_SHOWN,
    }
    return render(request, "architecture.html", context)


def _variants(family: Family) -> list[VariantLine]:
    rows = list(families.variants_of(family)[:VARIANTS_SHOWN])
    points = _points([row.best_id for row in rows])
    return [VariantLine(row, points.get(row.best_id, []), row.pk == family.current_best_id) for row in rows]


def _points(submission_ids: list[UUID]) -> dict[UUID, list[Point]]:
    """The curve of each submission's first run, thinned; two queries for all."""
    runs = dict(Score.objects.filter(pk__in=submission_ids).values_list("run_id", "submission_id"))
    found = now.sparse_points_of_runs(runs)
    return {runs[run_id]: points for run_id, points in found.items()}
