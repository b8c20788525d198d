"""`GET /metrics`: for whoever bears a token, or asks from this very machine."""

import json
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from prism_site.access.refusals import InternalAuth
from prism_site.access.tokens import place_of_bearer
from prism_site.api.problems import CONTENT_TYPE, Problem
from prism_site.config import env
from prism_site.metrics import exposition

# A proxy on this machine calls from loopback too, on behalf of anybody; it says so by one of these.
FORWARDING = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; 401 `internal_auth` for everybody else."""
    if not _may_read(request):
        problem = Problem(401, InternalAuth.code, InternalAuth.message)
        headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        return HttpResponse(
            json.dumps(problem.body()), status=401, content_type=CONTENT_TYPE, headers=headers
        )
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _may_read(request: HttpRequest) -> bool:
    """A token that was sent decides alone."""
    sent = request.headers.get("Authorization")
    if sent is not None:
        return place_of_bearer(sent, env().metrics_tokens + env().shared_tokens) is not None
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and not any(
        name in request.headers for name in FORWARDING
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
