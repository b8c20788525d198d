"""The platform's own calls: bearer tokens and the headers that name a challenge and a verified hotkey."""

import hashlib
import hmac
from collections.abc import Mapping

from prism_site.access import hotkeys
from prism_site.access.refusals import AuthHeaderMissing, ChallengeSlugMismatch, DuplicateHeader, InternalAuth

HEADER_PREFIXES = ("x-platform-", "x-base-")
SLUG = "prism"


def bearer_is_valid(header: str | None, tokens: tuple[str, ...]) -> bool:
    """Whether an `Authorization` header bears one of `tokens`; without tokens nobody is let in.

    Digests of equal length are compared, every one of them, so the time taken tells nothing.
    """
    scheme, _, sent = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not sent:
        return False
    sent_digest = _digest(sent)
    matches = [hmac.compare_digest(sent_digest, _digest(token)) for token in tokens if token]
    return any(matches)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def check_internal(headers: Mapping[str, str], tokens: tuple[str, ...]) -> None:
    """Refuse a call of the platform that bears no valid token or is meant for another challenge.

    Raises:
        AccessRefused: internal_auth, challenge_slug_mismatch, duplicate_header.
    """
    if not bearer_is_valid(_named(headers, "authorization"), tokens):
        raise InternalAuth
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
