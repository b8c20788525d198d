"""Signing in, counted: by address, by device, and by account over all strangers together.

A password is guessed from one address or from many. Counting an account alone would let anybody keep its
owner out, so a device on which the owner has signed in before has a count of its own, known by a signed
cookie (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import hashlib
import secrets
import time
import unicodedata
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase

from prism_site.access.client_address import client_address
from prism_site.access.models import SignInCount
from prism_site.config import env

WINDOW_SECONDS = 900
# Tries in a window; each is counted before the password is looked at, so that parallel ones count too.
TRIES = {"address": 30, "strangers": 60, "device": 15}
DEVICE_COOKIE, DEVICE_SECONDS = "prism_device", 180 * 86_400
CODE = "too_many_sign_ins"


class CountedBackend(ModelBackend):
    """Passwords as Django checks them, for who has tries left; an attempt without a request is our own."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """The account, None, or `PermissionDenied` with `request.sign_in_wait` seconds to wait."""
        if request is not None and username is not None and (wait := _count_try(request, username)):
            request.sign_in_wait = wait  # type: ignore[attr-defined]
            raise PermissionDenied(CODE)
        return super().authenticate(request, username=username, password=password, **kwargs)


def seconds_to_wait(request: HttpRequest) -> int:
    """How long whoever was refused for too many tries has to wait; 0 for everybody else."""
    return int(getattr(request, "sign_in_wait", 0))


def remember_device(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Mark the browser of somebody who has just signed in."""
    value = f"{_account(user.get_username())}.{secrets.token_urlsafe(16)}"
    response.set_signed_cookie(
        DEVICE_COOKIE,
        value,
        max_age=DEVICE_SECONDS,
        httponly=True,
        secure=request.is_secure(),
        samesite="Strict",
    )


def _count_try(request: HttpRequest, username: str) -> int:
    """Count one try; seconds to wait where there was none left, else 0."""
    account, now = _account(username), _unix_seconds()
    device = _device(request, account)
    # Whoever is over with their address uses up nothing of the account's, and makes no rows.
    counted = {"device": device} if device else {"address": _address(request), "strangers": account}
    if all(_counted(kind, name, now) <= TRIES[kind] for kind, name in counted.items()):
        return 0
    return int(WINDOW_SECONDS - now % WINDOW_SECONDS) + 1


def _device(request: HttpRequest, account: str) -> str | None:
    """The device, if its cookie is ours and for this account."""
    value = request.get_signed_cookie(DEVICE_COOKIE, default=None, max_age=DEVICE_SECONDS)
    owner, _, device = (value or "").partition(".")
    return device if owner == account and device else None


def _account(username: str) -> str:
    """An account by any spelling of its name that would find it."""
    name = unicodedata.normalize("NFKC", username).casefold()
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _address(request: HttpRequest) -> str:
    meta = request.META
    return client_address(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR"), env().trusted_proxies
    )


def _counted(kind: str, name: str, now: float) -> int:
    """Tries of this window, this one included."""
    window = int(now // WINDOW_SECONDS)
    SignInCount.objects.filter(window__lt=window).delete()
    row, _ = SignInCount.objects.get_or_create(kind=kind, name=name, window=window)
    SignInCount.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
    row.refresh_from_db(fields=["tries"])
    return row.tries


def _unix_seconds() -> float:
    return time.time()
