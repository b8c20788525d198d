"""Who may read policy (operators, and whoever may change it), and who may change it."""

from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from prism_site.operator import guard
from prism_site.operator.guard import View

CHANGE = "policy.change_policy"


def readers_only(view: View) -> View:
    """Send strangers to the login; 403 without one of the two permissions."""
    return _admitting(view, (guard.PERMISSION, CHANGE))


def changers_only(view: View) -> View:
    """The same for those who may change policy."""
    return _admitting(view, (CHANGE,))


def may_change(request: HttpRequest) -> bool:
    """Whether the page offers changes to this person."""
    return request.user.has_perm(CHANGE)


def _admitting(view: View, permissions: tuple[str, ...]) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not any(map(request.user.has_perm, permissions)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
