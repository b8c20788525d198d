"""A request that the owner of a hotkey signed: framing first, then the signature, over the raw bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.views import APIView

from evaluations.api.framing import check_framing, read_body
from prism_site.access import signatures
from prism_site.access.throttles import limit_hotkey
from prism_site.api.problems import Problem
from prism_site.config import env

SIGNED_HEADERS = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=what)
    for name, what in (
        ("X-Hotkey", "ss58 address of network 42"),
        ("X-Signature", "sr25519 over `prism:{hotkey}:{nonce}:{timestamp}:{sha256 of the body}`, 128 hex"),
        ("X-Nonce", "1 to 64 letters, digits, `_` or `-`; once per hotkey"),
        ("X-Timestamp", "unix seconds, ten digits"),
    )
]


@dataclass(frozen=True, kw_only=True)
class SignedBody:
    """What a hotkey stands for; `sha256` is of `raw`, hex."""

    hotkey: str
    nonce: str
    raw: bytes
    sha256: str
    media_type: str


def signed_body(request: Request, view: APIView, limits: Mapping[str, int]) -> SignedBody:
    """Read and verify; `limits` is media type -> bytes, and no limits mean that the body is empty.

    Raises `Problem`, `AccessRefused` and `Throttled`.
    """
    if not env().public_submissions_enabled:
        raise Problem(404, "public_submissions_disabled", "This instance takes no public submissions.")
    media_type = check_framing(request, limits) if limits else ""
    headers = signatures.UploadHeaders.parse(request.headers)
    raw = read_body(request) if limits else b""
    digest = hashlib.sha256(raw).hexdigest()
    signatures.check(
        headers,
        body_sha256=digest,
        now=timezone.now().timestamp(),
        ttl_seconds=env().signature_ttl_seconds,
        shared_tokens=env().shared_tokens,
        allow_insecure=env().allow_insecure_signatures,
    )
    admit(request, view, headers.hotkey)
    return SignedBody(
        hotkey=headers.hotkey, nonce=headers.nonce, raw=raw, sha256=digest, media_type=media_type
    )


def admit(request: Request, view: APIView, hotkey: str) -> None:
    """A hotkey that has proved itself may still be a validator's, or come too often."""
    if hotkey in env().validator_hotkey_set:
        raise Problem(403, "hotkey_not_allowed", "A validator's hotkey may not submit.")
    limit_hotkey(hotkey, request, view)
