"""The platform's own calls: bearer tokens and the headers that name a challenge and a verified hotkey.

While tokens rotate two are accepted. The log says by its place in the list which one was used, so that the
old one goes when nobody uses it any more.
"""

import hashlib
import hmac
from collections.abc import Mapping

import structlog

from prism_site.access import hotkeys
from prism_site.access.refusals import AuthHeaderMissing, ChallengeSlugMismatch, DuplicateHeader, InternalAuth

HEADER_PREFIXES = ("x-platform-", "x-base-")
SLUG = "prism"


log = structlog.get_logger(__name__)


def place_of_bearer(header: str | None, tokens: tuple[str, ...]) -> int | None:
    """Which of `tokens` an `Authorization` header bears, counted from 1; None for none of them.

    Digests of equal length are compared, every one of them, so the time taken tells nothing. An empty token
    lets nobody in.
    """
    scheme, _, sent = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not sent:
        return None
    sent_digest = _digest(sent)
    matches = [bool(token) & hmac.compare_digest(sent_digest, _digest(token)) for token in tokens]
    return matches.index(True) + 1 if any(matches) else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def check_internal(headers: Mapping[str, str], tokens: tuple[str, ...]) -> None:
    """Refuse a call of the platform that bears no valid token or is meant for another challenge.

    Raises:
        AccessRefused: internal_auth, challenge_slug_mismatch, duplicate_header.
    """
    place = place_of_bearer(_named(headers, "authorization"), tokens)
    if place is None:
        raise InternalAuth
    if len(tokens) > 1:
        log.info("shared_token_used", place=place, accepted=len(tokens))
    slug = platform_header(headers, "challenge-slug")
    if slug is not None and slug != SLUG:
        raise ChallengeSlugMismatch


def verified_hotkey(headers: Mapping[str, str]) -> str:
    """The hotkey that the platform vouches for.

    Raises:
        AccessRefused: auth_header_missing, hotkey_malformed, duplicate_header.
    """
    hotkey = platform_header(headers, "verified-hotkey")
    if not hotkey:
        raise AuthHeaderMissing
    hotkeys.decode(hotkey)
    return hotkey


def platform_header(headers: Mapping[str, str], name: str) -> str | None:
    """The value of `name` under either prefix; both may be sent if they agree.

    Raises:
        DuplicateHeader: two different values.
    """
    values = {value for prefix in HEADER_PREFIXES if (value := _named(headers, prefix + name)) is not None}
    if len(values) > 1:
        raise DuplicateHeader
    return values.pop() if values else None


def _named(headers: Mapping[str, str], wanted: str) -> str | None:
    return next((value for name, value in headers.items() if name.lower() == wanted), None)
