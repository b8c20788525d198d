"""The page that tells a miner everything needed to send a bundle."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluations.views import contract


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The live contract, the format, and ready commands."""
    upload_url = request.build_absolute_uri("/v1/submissions")
    return render(request, "submit.html", {"contract": contract.current(), "upload_url": upload_url})
