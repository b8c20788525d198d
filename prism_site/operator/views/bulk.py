"""One decision about several holds of the same kind and reason."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from prism_site import decisions
from prism_site.decisions import Decided
from prism_site.operator.guard import by, operators_only
from prism_site.operator.queue import PAGE, Filters
from prism_site.operator.seen import seen_holds
from reviews.holds import DecisionRefused
from reviews.models import Hold

TOLD = 10  # refusals that are named one by one


@require_POST
@operators_only
def decide(request: HttpRequest) -> HttpResponse:
    """Each hold by itself; those that could not be decided are named and left alone."""
    filters = Filters.from_query(QueryDict(request.POST.get("filters", "")))
    seen, decision = seen_holds(request.POST.getlist("hold"), at_most=PAGE), request.POST.get("decision", "")
    if not seen or decision not in Hold.Decision.values or not request.POST.get("note", "").strip():
        messages.error(request, "Choose holds and a decision, and say why in a note.")
    else:
        _decide(request, seen, Hold.Decision(decision))
    address = reverse("operator:holds")
    return redirect(f"{address}?{filters.query}" if filters.query else address)


def _decide(request: HttpRequest, seen: list[tuple[int, int]], decision: Hold.Decision) -> None:
    try:
        report = decisions.decide_many(seen, decision, by=by(request), note=request.POST["note"])
    except DecisionRefused as refusal:
        messages.error(request, f"Nothing was decided: {refusal}.")
        return
    _tell(request, report, decision)


def _tell(request: HttpRequest, report: list[Decided], decision: Hold.Decision) -> None:
    refused = [line for line in report if line.code]
    done = len(report) - len(refused)
    if done:
        messages.success(request, f"{decision.label}: {done} hold{'' if done == 1 else 's'}.")
    for line in refused[:TOLD]:
        messages.warning(request, f"Hold {line.hold_id} was left alone: {line.message}")
    if len(refused) > TOLD:
        messages.warning(request, f"{len(refused) - TOLD} more were left alone.")
