"""One hold with everything that a decision about it needs."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from prism_site.operator.dossier import dossier
from prism_site.operator.guard import by, operators_only
from prism_site.operator.queue import Filters
from prism_site.operator.transcripts import transcripts
from prism_site.operator.views.decided import just_decided
from reviews.models import Hold

MAY_READ = "reviews.view_transcript"


@require_safe
@operators_only
def page(request: HttpRequest, hold_id: int) -> HttpResponse:
    """The hold, its evidence and the form that decides it."""
    return render(
        request, "operator/hold.html", context_of(request, hold_id, Filters.from_query(request.GET))
    )


def context_of(request: HttpRequest, hold_id: int, filters: Filters) -> dict[str, Any]:
    """What the page of a hold shows; raises `Http404`."""
    hold = get_object_or_404(Hold.objects.select_related("submission"), pk=hold_id)
    return {
        "dossier": dossier(hold, by=by(request), filters=filters),
        "filters": filters,
        "just_decided": just_decided(request),
        "transcripts": transcripts(hold) if cast(User, request.user).has_perm(MAY_READ) else None,
        "against": request.GET.get("against", ""),
    }
