"""How often a client address, and a hotkey that has proved itself, may call.

Counted in fixed windows of a minute: one small number in the cache for each caller, where a sliding list
of times would be read and written whole with every request.
"""

import time
from typing import TYPE_CHECKING

from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from prism_site.access.client_address import client_address
from prism_site.config import env

if TYPE_CHECKING:  # views read the settings, which name our permissions, which may import this
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
# Requests a window; read anew with each request.
RATES = {"read": 1200, "upload_address": 60, "upload_hotkey": 12}


class AddressThrottle(BaseThrottle):
    """Reading, counted per client address."""

    scope = "read"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self._now = _unix_seconds()
        return _count(self.scope, self.get_ident(request), self._now) <= RATES[self.scope]

    def get_ident(self, request: Request) -> str:
        meta = request.META
        return client_address(
            meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR"), env().trusted_proxies
        )

    def wait(self) -> float:
        """Seconds until the next window, for Retry-After."""
        return WINDOW_SECONDS - self._now % WINDOW_SECONDS


class UploadAddressThrottle(AddressThrottle):
    """Uploading, counted per client address, before anything expensive is done."""

    scope = "upload_address"


class HotkeyThrottle(AddressThrottle):
    """Uploading, counted per hotkey.

    Made by `limit_hotkey` after the signature was verified: counting by a header that nobody has proved
    would let anyone lock a miner out.
    """

    scope = "upload_hotkey"

    def __init__(self, hotkey: str) -> None:
        self._hotkey = hotkey

    def get_ident(self, request: Request) -> str:
        return self._hotkey


def limit_hotkey(hotkey: str, request: Request, view: "APIView") -> None:
    """Count one upload of a verified hotkey.

    Raises:
        Throttled: over the rate; `wait` says for how many seconds.
    """
    throttle = HotkeyThrottle(hotkey)
    if not throttle.allow_request(request, view):
        raise Throttled(wait=throttle.wait())


def _unix_seconds() -> float:
    return time.time()


def _count(scope: str, ident: str, now: float) -> int:
    """Requests of `ident` in the current window, this one included."""
    key = f"throttle:{scope}:{ident}:{int(now // WINDOW_SECONDS)}"
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    try:
        return cache.incr(key)
    except ValueError:  # the cache dropped it in between
        return 1
