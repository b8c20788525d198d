"""`prism_submit.py`, the miner's tool: one file of ours, given as it stands."""

import hashlib
from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from prism_site.config import ROOT

NAME = "prism_submit.py"


@dataclass(frozen=True)
class Tool:
    """The source, and its SHA-256 (64 hex) by which a miner knows it."""

    source: bytes
    sha256: str


@cache
def tool() -> Tool:
    """The file that this process was started with."""
    source = (ROOT / "clients" / NAME).read_bytes()
    return Tool(source, hashlib.sha256(source).hexdigest())


def _etag(request: HttpRequest) -> str:
    return f'"{tool().sha256}"'


@require_safe
@condition(etag_func=_etag)
def download(request: HttpRequest) -> HttpResponse:
    """The source; 304 for who has it."""
    headers = {"Cache-Control": "no-cache"}
    return HttpResponse(tool().source, content_type="text/x-python; charset=utf-8", headers=headers)
