"""The page of the rules that submitted source is held to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reviews.static_checks import reference


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule with its reason and an example, and what may be imported."""
    context = {
        "sections": reference.sections(),
        "imports": reference.imports(),
        "members": reference.members(),
        "noted": reference.noted(),
    }
    return render(request, "submit/rules.html", context)
