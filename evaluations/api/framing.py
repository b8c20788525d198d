"""Taking a body off the wire: its size and form are judged before a byte of it is kept."""

import re
import time
from collections.abc import Mapping

from rest_framework.request import Request

from prism_site.api.clock import reading_within
from prism_site.api.problems import Problem

READ_BYTES = 64 * 1024
BODY_SECONDS = 30.0
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8192
ZIP, JSON = "application/zip", "application/json"

OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

_LENGTH = re.compile(r"[0-9]{1,15}")


def check_framing(request: Request, limits: Mapping[str, int]) -> str:
    """The media type of a body that may be read; `limits` is media type -> bytes.

    Raises `Problem`: headers_too_large, method_not_allowed, smuggling_suspected, content_type,
    content_encoding_not_supported, length_required, duplicate_header, header_malformed, body_empty,
    body_too_large.
    """
    _check_headers(request)
    media_type = _media_type(request)
    if media_type not in limits:
        raise Problem(415, "content_type", f"Send {' or '.join(limits)}.")
    length = _declared_length(request)
    if length == 0:
        raise Problem(400, "body_empty")
    if length > limits[media_type]:
        raise Problem(413, "body_too_large", f"At most {limits[media_type]} bytes are read.")
    return media_type


def read_body(request: Request) -> bytes:
    """Exactly as many bytes as were announced.

    Raises `Problem`: body_length_mismatch for fewer, request_timeout for a sender that takes too long.
    """
    missing = _declared_length(request)
    parts: list[bytes] = []
    deadline = time.monotonic() + BODY_SECONDS
    with reading_within(request.META.get("gunicorn.socket"), BODY_SECONDS):
        while missing > 0:
            part: bytes = request._request.read(min(READ_BYTES, missing))
            if not part:
                raise _cut_short(time.monotonic() >= deadline)
            parts.append(part)
            missing -= len(part)
    return b"".join(parts)


def _cut_short(is_late: bool) -> Problem:
    if is_late:
        return Problem(408, "request_timeout", f"The body was not there within {BODY_SECONDS:g} seconds.")
    return Problem(400, "body_length_mismatch", "The body is shorter than Content-Length says.")


def _check_headers(request: Request) -> None:
    headers = request.headers
    sizes = [len(name) + len(value) for name, value in headers.items()]
    if len(sizes) > MAX_HEADERS or max(sizes, default=0) > MAX_HEADER_BYTES:
        raise Problem(431, "headers_too_large")
    if any(name in headers for name in OVERRIDES):
        raise Problem(405, "method_not_allowed", "The method is that of the request line.")
    if "Transfer-Encoding" in headers and headers.get("Content-Length"):
        raise Problem(400, "smuggling_suspected")
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "content_encoding_not_supported", "Send the body as it is.")


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _declared_length(request: Request) -> int:
    declared = request.headers.get("Content-Length", "")
    if not declared:
        raise Problem(411, "length_required")
    if "," in declared:
        raise Problem(400, "duplicate_header")
    if not _LENGTH.fullmatch(declared):
        raise Problem(400, "header_malformed")
    return int(declared)
