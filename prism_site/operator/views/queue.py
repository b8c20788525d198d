"""The queue of holds, and its rows again for the page's own refresh."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from prism_site.operator import queue, saved_filters
from prism_site.operator.guard import by, operators_only
from prism_site.operator.queue import Filters
from prism_site.operator.views.decided import just_decided
from reviews.models import Hold


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the most urgent first."""
    offered = {"kinds": Hold.Kind, "statuses": Hold.Status, "reasons": _reasons()}
    context = {**_context(request), **offered, "just_decided": just_decided(request)}
    return render(request, "operator/holds.html", context)


@require_safe
@operators_only
@cache_control(no_cache=True)
@conditional_page
def live(request: HttpRequest) -> HttpResponse:
    """The saved filters with their counts, and the table."""
    return render(request, "operator/queue/live.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    filters, me = Filters.from_query(request.GET), by(request)
    page = Paginator(queue.holds(filters, by=me), queue.PAGE).get_page(request.GET.get("page"))
    rows = queue.rows(page.object_list, by=me)
    saved = saved_filters.saved_for(cast(User, request.user), by=me)
    is_saved = any(each.query == filters.query for each in saved)
    return {"filters": filters, "page": page, "rows": rows, "saved_filters": saved, "is_saved": is_saved}


def _reasons() -> list[str]:
    return list(Hold.objects.order_by("reason_code").values_list("reason_code", flat=True).distinct())
