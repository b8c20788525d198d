"""The audit trail: pages of it, and all of it as a file."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from prism_site.operator import export
from prism_site.operator.audit import VERBS, Entry, Filters, entries
from prism_site.operator.guard import operators_only

PAGE = 50
LAST_PAGE = 200  # older entries are reached by the dates


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """The newest entries under the filters of the URL."""
    filters, number = Filters.from_query(request.GET), _page(request.GET.get("page", ""))
    found = list(islice(entries(filters), (number - 1) * PAGE, number * PAGE + 1))
    context = {
        "filters": filters,
        "kinds": [*VERBS, "policy"],
        "entries": found[:PAGE],
        "page": number,
        "newer": number - 1,
        "older": number + 1 if len(found) > PAGE and number < LAST_PAGE else None,
    }
    return render(request, "operator/audit.html", context)


@require_safe
@operators_only
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Every entry under the filters, for a spreadsheet."""
    return _file(request, export.as_csv, "text/csv", "csv")


@require_safe
@operators_only
def as_json_lines(request: HttpRequest) -> HttpResponseBase:
    """Every entry under the filters, for a program."""
    return _file(request, export.as_json_lines, "application/jsonl", "jsonl")


def _file(
    request: HttpRequest, write: Callable[[Iterable[Entry]], Iterator[str]], content_type: str, suffix: str
) -> HttpResponseBase:
    lines = write(entries(Filters.from_query(request.GET)))
    headers = {"Content-Disposition": f'attachment; filename="prism-audit.{suffix}"'}
    return StreamingHttpResponse(lines, content_type=f"{content_type}; charset=utf-8", headers=headers)


def _page(asked: str) -> int:
    """A page number from 1 to the last; anything else is the first."""
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(number, 1), LAST_PAGE)
