"""From a form, JSON, an old row or a file to a draft under review; nothing here writes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from prism_site.operator.policy import reviewing, transfer
from prism_site.operator.policy.drafts import LONGEST_JSON, Draft, DraftRefused, Fault, read_json, read_time
from prism_site.operator.policy.form import draft_form
from prism_site.operator.policy.guard import changers_only
from prism_site.operator.policy.replay.replay import LAST
from prism_site.operator.policy.saving import PolicyChanged, versions
from prism_site.operator.policy.views.pages import key_page, known
from prism_site.policy.models import RuntimeConfig


@require_POST
@changers_only
def from_form(request: HttpRequest, key: str) -> HttpResponse:
    """A draft out of the typed form; 422 with every error at its field."""
    form = draft_form(known(key))(request.POST)
    if not form.is_valid():
        return key_page(request, key, form=form, status=422)
    draft = Draft(values={key: form.instance.value_json}, effective_from=form.cleaned_data["effective_from"])
    return review_or_refuse(request, draft)


@require_POST
@changers_only
def from_json(request: HttpRequest, key: str) -> HttpResponse:
    """A draft out of the value as JSON; 422 with every error named."""
    text = request.POST.get("value", "")
    try:
        values = {known(key): read_json(text, key)}
        draft = Draft(values=values, effective_from=read_time(request.POST.get("effective_from", "")))
        return show_review(request, draft, seen_of(request))
    except DraftRefused as refused:
        return key_page(request, key, text=text, faults=refused.faults, status=422)
    except PolicyChanged as changed:
        return show_conflict(request, draft, changed)


@require_POST
@changers_only
def restore(request: HttpRequest, key: str, row_id: int) -> HttpResponse:
    """A draft with the value of an old row, which stays where it is."""
    row = get_object_or_404(RuntimeConfig, pk=row_id, config_key=known(key))
    note = f"Roll back to row {row.pk}: "
    return review_or_refuse(request, Draft(values={key: row.value_json}, note=note))


@require_POST
@changers_only
def again(request: HttpRequest) -> HttpResponse:
    """The draft of a review once more: over more decisions, or on top of another's change."""
    try:
        draft = draft_of(request)
    except DraftRefused as refused:
        return show_refused(request, refused)
    return review_or_refuse(request, draft)


@require_http_methods(["GET", "HEAD", "POST"])
@changers_only
def from_file(request: HttpRequest) -> HttpResponse:
    """A draft out of a file of another installation."""
    if request.method != "POST":
        return render(request, "operator/policy/import.html")
    try:
        at = read_time(request.POST.get("effective_from", ""))
        draft = replace(transfer.imported(_text_of(request)), effective_from=at)
        return show_review(request, draft, versions(draft.keys))
    except DraftRefused as refused:
        return render(request, "operator/policy/import.html", {"faults": refused.faults}, status=422)
    except transfer.NothingDiffers as nothing:
        messages.info(request, str(nothing))
        return redirect("operator-policy:policy")


def draft_of(request: HttpRequest) -> Draft:
    """The draft that travels with a review; `DraftRefused`, 404 for one that is none of ours."""
    values = read_json(request.POST.get("draft", ""))
    if not isinstance(values, dict) or not values:
        raise Http404("no draft")
    time = read_time(request.POST.get("effective_from", ""))
    return Draft(values=values, effective_from=time, note=request.POST.get("note", ""))


def seen_of(request: HttpRequest) -> dict[str, str]:
    """What was there when the draft was begun; nothing that can be read is as if nothing was seen."""
    try:
        seen = read_json(request.POST.get("seen", ""))
    except DraftRefused:
        return {}
    items = seen.items() if isinstance(seen, Mapping) else ()
    return {key: version for key, version in items if isinstance(version, str)}


def show_review(request: HttpRequest, draft: Draft, seen: Mapping[str, str], **refusal: Any) -> HttpResponse:
    """The page with diff, replay and the form that saves."""
    found = reviewing.review(draft, seen=seen, last=_last(request))
    context = {"review": found, "counts": LAST, **refusal}
    return render(request, "operator/policy/review.html", context, status=422 if refusal else 200)


def show_conflict(request: HttpRequest, draft: Draft, changed: PolicyChanged) -> HttpResponse:
    """409: what somebody else changed, and the draft, which is not lost."""
    context = {
        "changed": changed,
        "draft": draft,
        "theirs": reviewing.theirs(changed),
        "mine": [(key, reviewing.as_text(draft.values[key])) for key in draft.keys],
        **reviewing.carried(draft, versions(draft.keys)),
    }
    return render(request, "operator/policy/conflict.html", context, status=409)


def show_refused(request: HttpRequest, refused: DraftRefused) -> HttpResponse:
    """422: a draft that cannot become a row, whatever it came from."""
    context = {"faults": refused.faults, "text": request.POST.get("draft", "")}
    return render(request, "operator/policy/refused.html", context, status=422)


def review_or_refuse(request: HttpRequest, draft: Draft, **refusal: Any) -> HttpResponse:
    """The review, or what keeps the draft from it."""
    try:
        return show_review(request, draft, seen_of(request), **refusal)
    except DraftRefused as refused:
        return show_refused(request, refused)
    except PolicyChanged as changed:
        return show_conflict(request, draft, changed)


def _last(request: HttpRequest) -> int:
    asked = request.POST.get("last", "")
    return next((count for count in LAST if str(count) == asked), reviewing.DEFAULT_LAST)


def _text_of(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return request.POST.get("text", "")
    try:
        return bytes(file.read(LONGEST_JSON + 1)).decode()
    except UnicodeDecodeError:
        raise DraftRefused([Fault("", "file", "json_encoding", "The file must be UTF-8.")]) from None
