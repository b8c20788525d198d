"""What the web server answers before Django sees a request: problem details, and an end to slow senders.

`gunicorn.conf.py` puts both in place.
"""

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from socket import socket
from typing import Any

from gunicorn.http import errors  # type: ignore[import-untyped]

from prism_site.api.clock import start_clock

HEAD_SECONDS = 20.0  # for the request line and all headers
_local = threading.local()

CODES: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestHeaders: (431, "headers_too_large"),
    errors.LimitRequestLine: (414, "request_line_too_long"),
    errors.InvalidRequestLine: (400, "request_line_malformed"),
    errors.InvalidRequestMethod: (400, "request_line_malformed"),
    errors.InvalidHTTPVersion: (400, "request_line_malformed"),
    errors.ObsoleteFolding: (400, "header_malformed"),
    errors.InvalidChunkSize: (400, "body_malformed"),
}


def install(worker: Any) -> None:
    """Have a worker of gunicorn answer its own errors in problem details and drop who does not finish."""
    ours, handle = worker.handle_error, worker.handle
    worker.handle_error = lambda req, client, addr, error: answer_error(ours, req, client, addr, error)
    worker.handle = lambda connection: _handle(handle, connection)


def answer_error(
    otherwise: Callable[..., None], req: Any, client: socket, addr: Any, error: Exception
) -> None:
    """Write the answer to a request that could not be parsed; leave every other error to gunicorn."""
    problem = problem_of(error)
    if problem is None:
        otherwise(req, client, addr, error)
        return
    status, code = problem
    title = HTTPStatus(status).phrase
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "code": code}).encode()
    head = (
        f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nCache-Control: no-store\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    client.sendall(head.encode() + body)


def problem_of(error: Exception) -> tuple[int, str] | None:
    """Status and code of a request that cannot be read; None for what is no fault of the sender."""
    if isinstance(error, errors.InvalidHeaderName):
        return 400, "duplicate_header" if "_" in str(error) else "header_malformed"
    if isinstance(error, errors.InvalidHeader):
        return 400, _header_code(error)
    return next((answer for kind, answer in CODES.items() if isinstance(error, kind)), None)


def _header_code(error: errors.InvalidHeader) -> str:
    """Two lengths, or a length beside chunks, are two ways to see one body."""
    sent = [name for name, _ in getattr(getattr(error, "req", None), "headers", None) or ()]
    if "TRANSFER-ENCODING" in sent and "CONTENT-LENGTH" in sent:
        return "smuggling_suspected"
    return "duplicate_header" if sent.count("CONTENT-LENGTH") > 1 else "header_malformed"


def _handle(handle: Callable[[Any], Any], connection: Any) -> Any:
    """Handle a connection; the clock runs until `head_is_read`."""
    _local.clock = start_clock(connection.sock, HEAD_SECONDS)
    try:
        return handle(connection)
    finally:
        _local.clock.cancel()


def head_is_read() -> None:
    """The request line and headers are there."""
    _local.clock.cancel()
