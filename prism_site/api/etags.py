"""Entity tags: an answer that has not changed is not sent twice."""

import hashlib
import json
from typing import Any

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request
from rest_framework.response import Response


def etag_of(*parts: Any) -> str:
    """A strong tag of anything that `json` writes, with what it cannot write as text."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def not_modified(request: Request, etag: str) -> HttpResponseBase | None:
    """The 304 for a client that has this already, or None; asked before the expensive part."""
    response = get_conditional_response(request._request, etag=etag)
    if response is None:
        return None
    return _tagged(response, etag)


def tagged(data: Any, etag: str) -> Response:
    """The full answer with its tag."""
    response = Response(data)
    _tagged(response, etag)
    return response


def _tagged(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response
