"""The source of a held submission beside the earlier work that it resembles."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations.bundles import BundleChanged
from evaluations.models import Submission
from prism_site.operator.evidence import places_of
from prism_site.operator.guard import operators_only
from prism_site.operator.sources import Alone, SideBySide, alone, side_by_side
from reviews.duplicates.neighbours import Neighbour, nearest
from reviews.models import Hold


@dataclass(frozen=True, kw_only=True)
class Beside:
    """One neighbour, and those next to it in the list."""

    neighbours: list[Neighbour]
    earlier: Submission
    before: Neighbour | None
    after: Neighbour | None
    files: SideBySide | None  # none where a stored bundle cannot be read any more, or holds no Python


@require_safe
@operators_only
def part(request: HttpRequest, hold_id: int) -> HttpResponse:
    """The diff against the nearest earlier submission or the one asked for; without any, the source alone."""
    hold = get_object_or_404(Hold, pk=hold_id)
    neighbours = nearest(hold.submission_id)
    against, file = request.GET.get("against", ""), request.GET.get("file", "")
    if neighbours or against:
        context: dict[str, object] = {"beside": _beside(hold, neighbours, against, file)}
    else:
        context = {"alone": _alone(hold, file)}
    return render(request, "operator/hold/diff.html", {"hold": hold, **context})


def _beside(hold: Hold, neighbours: list[Neighbour], against: str, file: str) -> Beside:
    earlier = _earlier(against) if against else Submission.objects.get(pk=neighbours[0].submission_id)
    ids = [each.submission_id for each in neighbours]
    at = ids.index(earlier.pk) if earlier.pk in ids else -1
    matched = {pair.file: pair.other for pair in neighbours[at].files} if at >= 0 else {}
    return Beside(
        neighbours=neighbours,
        earlier=earlier,
        before=neighbours[at - 1] if at > 0 else None,
        after=neighbours[at + 1] if at + 1 < len(neighbours) else None,
        files=_files(earlier.pk, hold.submission_id, matched, file),
    )


def _alone(hold: Hold, file: str) -> Alone | None:
    try:
        return alone(hold.submission_id, places_of(hold.evidence), file=file)
    except BundleChanged:
        return None


def _files(earlier_id: UUID, later_id: UUID, matched: dict[str, str], file: str) -> SideBySide | None:
    try:
        return side_by_side(earlier_id, later_id, matched=matched, file=file)
    except BundleChanged:
        return None


def _earlier(asked: str) -> Submission:
    try:
        return get_object_or_404(Submission, pk=UUID(asked))
    except ValueError:
        raise Http404("no such submission") from None
