"""Health at a glance."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from prism_site.operator.glance import glance
from prism_site.operator.guard import operators_only


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """How the service stands."""
    return render(request, "operator/overview.html", {"glance": glance()})


@require_safe
@operators_only
@cache_control(no_cache=True)
@conditional_page
def live(request: HttpRequest) -> HttpResponse:
    """The same again, for the page's own refresh."""
    return render(request, "operator/glance.html", {"glance": glance()})
