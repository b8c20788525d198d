"""Deciding one hold, and undoing it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from pydantic import ValidationError

from prism_site import decisions, hold_groups, siblings
from prism_site.operator import queue
from prism_site.operator.guard import by, operators_only
from prism_site.operator.queue import Filters
from prism_site.operator.seen import seen_holds
from prism_site.operator.views.hold import context_of
from prism_site.policy.errors import PolicyInvalid
from prism_site.siblings import OFFERED, SiblingChanged, SiblingRefused
from reviews.attribution import Attribution
from reviews.claims import HoldChanged
from reviews.models import Hold

ATTRIBUTION = ("architecture_action", "training_action", "architecture_id", "training_variant_id")


class FormIncomplete(Exception):
    """The form lacks a decision or a version, or says an attribution that is none."""

    code = "form_incomplete"


@require_POST
@operators_only
def decide(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Decide and go on to the next open hold of the filtered queue."""
    filters = Filters.from_query(QueryDict(request.POST.get("filters", "")))
    after = _after(request, hold_id, filters)
    try:
        _decide(request, hold_id)
    except Hold.DoesNotExist:
        raise Http404("no such hold") from None
    except HoldChanged as conflict:
        return _conflict(request, conflict.hold, filters)
    except SiblingChanged as conflict:
        return _refused(request, hold_id, filters, conflict, status=409)
    except (FormIncomplete, PolicyInvalid, SiblingRefused, *decisions.REFUSALS) as refusal:
        return _refused(request, hold_id, filters, refusal)
    return redirect(_next(after, filters, hold_id))


@require_POST
@operators_only
def undo(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Open a decided hold again, and show it."""
    filters = Filters.from_query(QueryDict(request.POST.get("filters", "")))
    try:
        count = len(hold_groups.together(hold_id))
        decisions.undo(hold_id, by=by(request), note=request.POST.get("note", ""))
    except Hold.DoesNotExist:
        raise Http404("no such hold") from None
    except decisions.REFUSALS as refusal:
        return _refused(request, hold_id, filters, refusal)
    again = "the hold is open again" if count == 1 else f"{count} holds are open again"
    messages.success(request, f"Undone: {again}.")
    return redirect(_address(hold_id, filters.query))


def _decide(request: HttpRequest, hold_id: int) -> Hold:
    said = request.POST
    version = said.get("version", "")
    if said.get("decision") not in Hold.Decision.values or not version.isdecimal() or len(version) > 9:
        raise FormIncomplete("Choose a decision.")
    decision = Hold.Decision(said["decision"])
    return siblings.decide(
        hold_id,
        decision,
        by=by(request),
        note=said.get("note", ""),
        version=int(version),
        attribution=_attribution(said) if decision == Hold.Decision.ATTRIBUTE else None,
        with_siblings=seen_holds(said.getlist("sibling"), at_most=OFFERED),
    )


def _attribution(said: QueryDict) -> Attribution:
    filled = {name: said.get(name, "").strip() for name in ATTRIBUTION}
    try:
        return Attribution.model_validate({name: value for name, value in filled.items() if value})
    except ValidationError as error:
        first = error.errors()[0]
        raise FormIncomplete(f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()) from error


def _conflict(request: HttpRequest, hold: Hold, filters: Filters) -> HttpResponse:
    """409: what the other operator decided, and the note that was not needed."""
    context = {"hold": hold, "filters": filters, "note": request.POST.get("note", "")}
    after = queue.place_of(hold.pk, queue.holds(filters, by=by(request))).after
    return render(request, "operator/conflict.html", {**context, "after": after}, status=409)


def _refused(
    request: HttpRequest, hold_id: int, filters: Filters, refusal: Exception, *, status: int = 422
) -> HttpResponse:
    """The page again with what was written, and why it was not carried out."""
    context = context_of(request, hold_id, filters)
    said = {
        "refusal": refusal,
        "note": request.POST.get("note", ""),
        "chosen": request.POST.get("decision", ""),
        "chosen_siblings": request.POST.getlist("sibling"),
    }
    return render(request, "operator/hold.html", {**context, **said}, status=status)


def _after(request: HttpRequest, hold_id: int, filters: Filters) -> int | None:
    """The next hold of the queue that this decision does not close as well."""
    closed = {pk for pk, _ in seen_holds(request.POST.getlist("sibling"), at_most=OFFERED)}
    found = queue.holds(filters, by=by(request)).exclude(pk__in=closed - {hold_id})
    return queue.place_of(hold_id, found).after


def _next(after: int | None, filters: Filters, decided: int) -> str:
    query = "&".join(filter(None, [filters.query, urlencode({"decided": decided})]))
    return f"{reverse('operator:holds')}?{query}" if after is None else _address(after, query)


def _address(hold_id: int, query: str) -> str:
    address = reverse("operator:hold", args=[hold_id])
    return f"{address}?{query}" if query else address
