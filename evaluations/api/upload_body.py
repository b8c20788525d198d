"""The two forms of an upload's body: the ZIP itself, or JSON around it."""

import base64
import binascii
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from evaluations.api.framing import JSON, ZIP
from evaluations.api.json_body import parse_json
from prism_site.api.problems import Problem

JSON_SLACK_BYTES = 16 * 1024  # for everything beside the code


class JsonUpload(BaseModel):
    """`code` is the ZIP in canonical base64; `filename` and `metadata` are accepted and not used."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    filename: str = Field("", max_length=255)
    code: str
    metadata: dict[str, Any] = {}


def body_limits(max_zip_bytes: int) -> dict[str, int]:
    """Bytes that a body may have in either form."""
    return {ZIP: max_zip_bytes, JSON: (max_zip_bytes + 2) // 3 * 4 + JSON_SLACK_BYTES}


def archive_of(body: bytes, media_type: str) -> bytes:
    """The ZIP within a body; raises `Problem` 400 with a json_* code or `base64_malformed`."""
    if media_type == ZIP:
        return body
    return _decode(parse_json(body, JsonUpload).code)


def _decode(code: str) -> bytes:
    """Canonical base64 only: what encodes to other text than was sent has two spellings."""
    try:
        archive = base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        archive = b""
    if not archive or base64.b64encode(archive).decode() != code:
        raise Problem(400, "base64_malformed", "`code` is the ZIP in standard base64 with padding.")
    return archive
