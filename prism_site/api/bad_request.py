"""A request that Django itself refuses, such as one for another host: problem details under the API."""

from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.defaults import bad_request

from prism_site.api.problems import CONTENT_TYPE, Problem

PREFIXES = ("/v1/", "/internal/", "/health", "/version")


def answer(request: HttpRequest, exception: Exception, *args: Any) -> HttpResponseBase:
    """`handler400`: the page, or for the API and for foreign hosts the problem."""
    is_foreign = isinstance(exception, DisallowedHost)
    if not is_foreign and not request.path.startswith(PREFIXES):
        page: HttpResponse = bad_request(request, exception)
        return page
    problem = Problem(400, "host_not_allowed" if is_foreign else "bad_request")
    return JsonResponse(problem.body(), status=400, content_type=CONTENT_TYPE)
