"""The bar that says who is looking at a hold: read every few seconds, renewed while its page is open."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_http_methods

from prism_site.operator.claims import claim_of
from prism_site.operator.guard import by, htmx, operators_only
from reviews import claims
from reviews.claims import ClaimLost, HoldChanged, HoldClaimed
from reviews.models import Hold

ACTIONS: dict[str, Callable[[int, str], Hold]] = {
    "claim": lambda hold_id, me: claims.claim(hold_id, by=me),
    "take_over": lambda hold_id, me: claims.claim(hold_id, by=me, take_over=True),
    "renew": lambda hold_id, me: claims.renew(hold_id, by=me),
    "unclaim": lambda hold_id, me: claims.unclaim(hold_id, by=me),
}


@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
@cache_control(no_cache=True)
@conditional_page
def claim(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Who is looking at it; a POST claims, renews, takes over or gives back first."""
    get_object_or_404(Hold, pk=hold_id)
    act = ACTIONS.get(request.POST.get("action", "")) if request.method == "POST" else None
    if act is not None:
        _try(act, hold_id, by(request))
    if request.method == "POST" and not htmx(request):
        return redirect("operator:hold", hold_id)
    return render(request, "operator/hold/claim.html", _bar(request, hold_id))


def _try(act: Callable[[int, str], Hold], hold_id: int, me: str) -> None:
    """What cannot be claimed is shown by the bar as it is."""
    try:
        act(hold_id, me)
    except (ClaimLost, HoldChanged, HoldClaimed):
        return


def _bar(request: HttpRequest, hold_id: int) -> dict[str, object]:
    hold = Hold.objects.get(pk=hold_id)
    claim = claim_of(hold, now=timezone.now(), me=by(request))
    return {"hold": hold, "claim": claim, "seen_version": request.GET.get("version", "")}
