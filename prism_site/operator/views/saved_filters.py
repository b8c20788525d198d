"""Filters under names: saving the one that is shown, renaming, sharing and deleting one's own."""

from typing import cast
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from prism_site.operator import saved_filters
from prism_site.operator.guard import by, operators_only
from prism_site.operator.models import SavedFilter
from prism_site.operator.queue import Filters
from prism_site.operator.saved_filters import FilterRefused


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """All that this operator sees, with forms for their own."""
    return _list(request)


@require_POST
@operators_only
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filter that was shown, and show it again."""
    filters = Filters.from_query(dict(parse_qsl(request.POST.get("filters", ""))))
    name = request.POST.get("name", "")
    try:
        row = saved_filters.save(cast(User, request.user), name=name, filters=filters)
    except FilterRefused as refusal:
        return _list(request, refusal, filters=filters, name=name)
    messages.success(request, f"Saved as “{row.name}”.")
    return redirect(f"{reverse('operator:holds')}?{row.query}")


@require_POST
@operators_only
def change(request: HttpRequest, filter_id: int) -> HttpResponse:
    """Rename it, share it or not; `action=delete` forgets it."""
    user = cast(User, request.user)
    try:
        if request.POST.get("action") == "delete":
            row = saved_filters.delete(user, filter_id)
            messages.success(request, f"“{row.name}” is deleted.")
        else:
            shared = request.POST.get("is_shared") == "on"
            row = saved_filters.change(user, filter_id, name=request.POST.get("name", ""), is_shared=shared)
            seen = "all operators see it" if shared else "you alone see it"
            messages.success(request, f"“{row.name}” is saved: {seen}.")
    except SavedFilter.DoesNotExist:
        raise Http404("no such filter of yours") from None
    except FilterRefused as refusal:
        return _list(request, refusal)
    return redirect("operator:filters")


def _list(
    request: HttpRequest,
    refusal: FilterRefused | None = None,
    *,
    filters: Filters | None = None,
    name: str = "",
) -> HttpResponse:
    """The page; with 422 where something was refused, which keeps what was written."""
    saved = saved_filters.saved_for(cast(User, request.user), by=by(request))
    context = {
        "mine": [each for each in saved if each.is_mine],
        "others": [each for each in saved if not each.is_mine],
        "refusal": refusal,
        "again": filters,
        "name": name,
        "at_most": saved_filters.OWN_AT_MOST,
    }
    return render(request, "operator/filters.html", context, status=422 if refusal else 200)
