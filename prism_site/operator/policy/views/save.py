"""The two changes: a reviewed draft becomes rows, a scheduled row is called off."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from prism_site.operator.guard import by
from prism_site.operator.policy import saving
from prism_site.operator.policy.drafts import Draft, DraftRefused
from prism_site.operator.policy.guard import changers_only
from prism_site.operator.policy.saving import NoteMissing, PolicyChanged, RowNotScheduled
from prism_site.operator.policy.views.pages import known
from prism_site.operator.policy.views.review import (
    draft_of,
    review_or_refuse,
    seen_of,
    show_conflict,
    show_refused,
)
from prism_site.policy.models import RuntimeConfig


@require_POST
@changers_only
def save(request: HttpRequest) -> HttpResponse:
    """Write the rows of a reviewed draft, and show the key."""
    try:
        return _saved(request, draft_of(request))
    except DraftRefused as refused:
        return show_refused(request, refused)


@require_POST
@changers_only
def call_off(request: HttpRequest, key: str, row_id: int) -> HttpResponse:
    """Disable a row whose time has not come."""
    if not RuntimeConfig.objects.filter(pk=row_id, config_key=known(key)).exists():
        raise Http404("no such row")
    try:
        row = saving.call_off(row_id, by=by(request))
    except RowNotScheduled as refused:
        messages.error(request, f"{refused.code}: {refused}")
    else:
        messages.success(request, f"Row {row.pk} is called off: it never comes into force.")
    return redirect("operator-policy:policy-key", key)


def _saved(request: HttpRequest, draft: Draft) -> HttpResponse:
    try:
        rows = saving.save(draft, seen=seen_of(request), by=by(request), note=draft.note)
    except PolicyChanged as changed:
        return show_conflict(request, draft, changed)
    except NoteMissing as refusal:
        return review_or_refuse(request, draft, refusal=refusal)
    names = ", ".join(f"{row.config_key} row {row.pk}" for row in rows)
    when = "comes into force at its time" if draft.effective_from else "is in force"
    messages.success(request, f"Saved: {names} {when}.")
    if len(rows) == 1:
        return redirect("operator-policy:policy-key", rows[0].config_key)
    return redirect("operator-policy:policy")
