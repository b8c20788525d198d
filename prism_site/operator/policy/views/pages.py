"""What is in force, and its history."""

import json
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from prism_site.operator.policy.board import KeyBoard, board_of, boards, history
from prism_site.operator.policy.drafts import Fault
from prism_site.operator.policy.form import DraftForm, draft_form, faults_at, groups
from prism_site.operator.policy.guard import may_change, readers_only
from prism_site.operator.policy.saving import versions
from prism_site.operator.policy.transfer import exported
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.forms import initial_values
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.resolve import resolve_policy


@require_safe
@readers_only
def index(request: HttpRequest) -> HttpResponse:
    """Every key: which row is in force, what is coming, what is of no use."""
    _, found = boards()
    return render(request, "operator/policy/index.html", {"boards": found, "may_change": may_change(request)})


@require_safe
@readers_only
def key(request: HttpRequest, key: str) -> HttpResponse:
    """One key: its fields, a form for a draft, its history."""
    return key_page(request, known(key))


@require_safe
@readers_only
def export(request: HttpRequest) -> HttpResponse:
    """The rows in force as a file, or with `?effective=1` every value in force; 409 where it is not valid."""
    try:
        file = exported(effective=request.GET.get("effective") == "1")
    except PolicyInvalid as problem:
        return JsonResponse({"code": problem.code, "detail": str(problem)}, status=409)
    headers = {"Content-Disposition": 'attachment; filename="prism-policy.json"'}
    return JsonResponse(file, json_dumps_params={"indent": 2, "ensure_ascii": False}, headers=headers)


def known(key: str) -> str:
    """The key, or 404."""
    if key not in SCHEMAS:
        raise Http404("no such policy key")
    return key


def key_page(
    request: HttpRequest,
    key: str,
    *,
    form: DraftForm | None = None,
    text: str | None = None,
    faults: Sequence[Fault] = (),
    status: int = 200,
) -> HttpResponse:
    """The page of a key; with a form or a JSON text that was refused, what was written and why not."""
    now = timezone.now()
    policy = resolve_policy(at=now, official=False)
    board = board_of(key, policy, now)
    if may_change(request) and form is None:
        form = draft_form(key)(initial=initial_values(_value(board)))
    fields = groups(key, policy, form)
    context: dict[str, Any] = {
        "board": board,
        "history": history(board),
        "groups": fields,
        "broken": [line for group in fields for line in group.lines if line.faults],
        "form": form,
        "form_faults": [*faults_at(key, "__all__", form), *faults_at(key, "effective_from", form)],
        "json_text": json.dumps(_value(board), indent=2, ensure_ascii=False) if text is None else text,
        "json_faults": faults,
        "seen": request.POST.get("seen") or json.dumps(versions([key])),
    }
    return render(request, "operator/policy/key.html", context, status=status)


def _value(board: KeyBoard) -> dict[str, Any]:
    """What the row in force sets, which a draft begins with."""
    value = board.in_force.row.value_json if board.in_force else {}
    return value if isinstance(value, dict) else {}
