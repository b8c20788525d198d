"""Who may enter: operators, that is people with the permission `reviews.resolve_hold`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

PERMISSION = "reviews.resolve_hold"
View = Callable[..., HttpResponseBase]


def operators_only(view: View) -> View:
    """Send strangers to the login, also from a part of a page; 403 for those without the permission."""
    allowed = permission_required(PERMISSION, raise_exception=True)(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return allowed(request, *args, **kwargs)
        details = htmx(request)
        if details:
            # A redirect would be followed by the script and land inside the part that asked.
            page = details.current_url_abs_path or resolve_url("operator:overview")
            return HttpResponseClientRedirect(redirect_to_login(page).url)
        return redirect_to_login(request.get_full_path())

    return guarded


def by(request: HttpRequest) -> str:
    """The operator's name as the history keeps it."""
    return f"operator:{cast(User, request.user).get_username()}"


def htmx(request: HttpRequest) -> HtmxDetails:
    """What htmx says of a request; false for a request that it did not make."""
    return cast(HtmxDetails, request.htmx)  # type: ignore[attr-defined]  # set by the middleware
