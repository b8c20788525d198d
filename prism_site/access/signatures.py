"""The signed headers of an upload: read, judged by the clock, and verified over the raw body."""

import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from prism_site.access import hotkeys
from prism_site.access.refusals import (
    AuthHeaderMissing,
    DuplicateHeader,
    NonceMalformed,
    SignatureInvalid,
    SignatureMalformed,
    SignatureSchemeUnknown,
    TimestampFuture,
    TimestampMalformed,
    TimestampStale,
)

SR25519, HMAC_SHA256 = "sr25519", "hmac-sha256"
MAX_CLOCK_SKEW_SECONDS = 30

_REQUIRED = ("x-hotkey", "x-signature", "x-nonce", "x-timestamp")
_SCHEME = "x-signature-scheme"
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TIMESTAMP = re.compile(r"[0-9]{10}")  # `int` alone would accept blanks, signs, underscores and other digits
_HMAC = re.compile(r"[0-9a-fA-F]{64}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UploadHeaders:
    """The headers of an upload, well-formed but not yet verified. `timestamp`: unix seconds."""

    hotkey: str
    signature: str
    nonce: str
    timestamp: int
    scheme: str
    names_scheme: bool

    @classmethod
    def parse(cls, headers: Mapping[str, str]) -> Self:
        """Read the headers, whatever the case of their names.

        Raises:
            AccessRefused: duplicate_header, auth_header_missing, hotkey_malformed, signature_scheme_unknown,
                signature_malformed, nonce_malformed, timestamp_malformed.
        """
        sent = _unique(headers)
        if not all(sent.get(name) for name in _REQUIRED):
            raise AuthHeaderMissing
        hotkey, signature, nonce, timestamp = (sent[name] for name in _REQUIRED)
        hotkeys.decode(hotkey)
        scheme = _scheme(sent.get(_SCHEME), signature)
        if not _NONCE.fullmatch(nonce):
            raise NonceMalformed
        if not _TIMESTAMP.fullmatch(timestamp):
            raise TimestampMalformed
        return cls(hotkey, signature, nonce, int(timestamp), scheme, _SCHEME in sent)


def _unique(headers: Mapping[str, str]) -> dict[str, str]:
    """The signed headers by lower-case name.

    A server joins a repeated header with commas and may take `X_Hotkey` for `X-Hotkey`; neither can be
    told from a smuggled second value, and no honest value holds a comma.
    """
    sent: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower().replace("_", "-")
        if key not in {*_REQUIRED, _SCHEME}:
            continue
        if key in sent or "," in value:
            raise DuplicateHeader
        sent[key] = value
    return sent


def _scheme(named: str | None, signature: str) -> str:
    if named not in {None, SR25519, HMAC_SHA256}:
        raise SignatureSchemeUnknown
    scheme = named or (HMAC_SHA256 if _HMAC.fullmatch(signature) else SR25519)
    well_formed = _HMAC.fullmatch(signature) if scheme == HMAC_SHA256 else hotkeys.signature_bytes(signature)
    if not well_formed:
        raise SignatureMalformed
    return scheme


def canonical_message(hotkey: str, nonce: str, timestamp: int, body_sha256: str) -> bytes:
    """What the owner of the hotkey signs; `body_sha256` is the lower-case hex digest of the raw body."""
    return f"prism:{hotkey}:{nonce}:{timestamp}:{body_sha256}".encode()


def check(
    headers: UploadHeaders,
    *,
    body_sha256: str,
    now: float,
    ttl_seconds: int,
    shared_tokens: tuple[str, ...] = (),
    allow_insecure: bool = False,
) -> None:
    """Let the upload pass or raise; `now` in unix seconds.

    `allow_insecure` admits an HMAC-SHA256 of the message under a shared token, which proves no ownership of
    the hotkey: for local use.

    Raises:
        AccessRefused: timestamp_stale, timestamp_future, signature_scheme_unknown, signature_malformed,
            signature_invalid.
    """
    _check_time(headers.timestamp, now, ttl_seconds)
    message = canonical_message(headers.hotkey, headers.nonce, headers.timestamp, body_sha256)
    if headers.scheme == HMAC_SHA256:
        return _check_hmac(headers, message, shared_tokens if allow_insecure else None)
    if not hotkeys.verify(headers.hotkey, headers.signature, message):
        raise SignatureInvalid
    return None


def _check_time(timestamp: int, now: float, ttl_seconds: int) -> None:
    if timestamp < now - ttl_seconds:
        raise TimestampStale
    # At most the TTL ahead: nonces are kept for twice that long, so no accepted message outlives its own.
    if timestamp > now + min(MAX_CLOCK_SKEW_SECONDS, ttl_seconds):
        raise TimestampFuture


def _check_hmac(headers: UploadHeaders, message: bytes, tokens: tuple[str, ...] | None) -> None:
    """`tokens` is None where only sr25519 is accepted."""
    if tokens is None:
        raise SignatureSchemeUnknown if headers.names_scheme else SignatureMalformed
    expected = [hmac_signature(token, message) for token in tokens if token]
    matches = [hmac.compare_digest(headers.signature.lower(), signature) for signature in expected]
    if not any(matches):
        raise SignatureInvalid
    _log.warning("an upload was accepted by HMAC: PRISM_ALLOW_INSECURE_SIGNATURES is on")


def hmac_signature(token: str, message: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of `message` under `token`."""
    return hmac.new(token.encode(), message, hashlib.sha256).hexdigest()
