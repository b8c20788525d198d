"""An operator's own keys: shown, changed, and set back."""

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from prism_site.operator import keymaps
from prism_site.operator.guard import operators_only
from prism_site.operator.keys import DEFAULTS, Action, KeyFault, Keys, KeysRefused

LONGEST = 12  # of a key's name


@dataclass(frozen=True, kw_only=True)
class KeyField:
    """One action on the form."""

    action: Action
    key: str
    default: str
    fault: KeyFault | None

    @property
    def is_changed(self) -> bool:
        """Whether it is another key than everybody begins with."""
        return self.key != self.default


@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """The keys as they are; a POST saves all of them or, where one cannot be, none."""
    if request.method != "POST":
        return _form(request, keymaps.keys_for(request))
    asked = {action.value: request.POST.get(action, "")[:LONGEST] for action in Action}
    try:
        keymaps.save(cast(User, request.user), asked)
    except KeysRefused as refusal:
        return _form(request, asked, refusal)
    messages.success(request, "Your keys are saved.")
    return redirect("operator:keys")


@require_POST
@operators_only
def reset(request: HttpRequest) -> HttpResponse:
    """Back to the keys that everybody begins with."""
    keymaps.reset(cast(User, request.user))
    messages.success(request, "Every action has its first key again.")
    return redirect("operator:keys")


def _form(request: HttpRequest, keys: Keys, refusal: KeysRefused | None = None) -> HttpResponse:
    faults = {fault.action: fault for fault in refusal.faults} if refusal else {}
    fields = [
        KeyField(action=action, key=keys[action], default=DEFAULTS[action], fault=faults.get(action))
        for action in Action
    ]
    context = {"fields": fields, "refusal": refusal, "is_changed": any(field.is_changed for field in fields)}
    return render(request, "operator/keys.html", context, status=422 if refusal else 200)
