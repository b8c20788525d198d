"""The page that tells a miner everything needed to send a bundle."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluations.views import contract
from evaluations.views.miners_tool import tool


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The live contract, the format, and ready commands."""
    server = request.build_absolute_uri("/").rstrip("/")
    shown = {"contract": contract.current(), "server": server, "upload_url": f"{server}/v1/submissions"}
    return render(request, "submit.html", {**shown, "tool": tool()})
