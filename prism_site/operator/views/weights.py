"""The weights of this moment and of the epochs that ended."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from prism_site.operator.guard import operators_only
from prism_site.operator.weights import board


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """Who earns what, why, and what changed since the last snapshot."""
    return render(request, "operator/weights.html", {"board": board()})
