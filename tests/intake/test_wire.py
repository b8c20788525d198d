"""Bad framing on a real socket: what the web server, and Django behind it, answer byte by byte."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bittensor_wallet import Keypair

from prism_site.config import ROOT
from tests.api.conftest import bundle_of, signed

pytestmark = pytest.mark.slow

ALICE = Keypair.create_from_uri("//Alice")
BODY = bundle_of()
SLOW_SECONDS = 1.0
CONFIGURATION = f"""
from evaluations.api import framing
from prism_site import web_server
def post_worker_init(worker):
    framing.BODY_SECONDS = web_server.HEAD_SECONDS = {SLOW_SECONDS}
    web_server.install(worker)
"""

Lines = list[tuple[str, str]]
LENGTH = ("Content-Length", str(len(BODY)))
HOST = ("Host", "127.0.0.1")


def request(lines: Lines, body: bytes = b"", *, start: str = "POST /v1/submissions HTTP/1.1") -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"{start}\r\n{head}\r\n".encode("latin-1") + body


def upload(
    *more: tuple[str, str], body: bytes = BODY, signs: bytes = BODY, start: str | None = None
) -> bytes:
    lines = [HOST, ("Content-Type", "application/zip"), *signed(ALICE, signs).items(), *more]
    return request(lines, body, start=start or "POST /v1/submissions HTTP/1.1")


def get(path: str = "/version", start: str = "") -> bytes:
    return request([HOST], start=start or f"GET {path} HTTP/1.1")


CHUNKED = b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"
FORM = [HOST, ("Content-Type", "multipart/form-data; boundary=x"), *signed(ALICE, BODY).items(), LENGTH]

# what is sent, and the status and code of each answer on that connection
CASES = {
    "1 no body": (lambda: upload(("Content-Length", "0"), body=b"", signs=b""), [(400, "body_empty")]),
    "2 announced too large": (lambda: upload(("Content-Length", "99999999")), [(413, "body_too_large")]),
    "3 more than announced": (
        lambda: upload(("Content-Length", str(len(BODY) - 9))),
        [(401, "signature_invalid")],
    ),
    "3 fewer than announced": (
        lambda: upload(("Content-Length", str(len(BODY) + 9))),
        [(400, "body_length_mismatch")],
    ),
    "4 chunks without a length": (
        lambda: upload(("Transfer-Encoding", "chunked"), body=CHUNKED),
        [(411, "length_required")],
    ),
    "5 a length and chunks": (
        lambda: upload(LENGTH, ("Transfer-Encoding", "chunked")),
        [(400, "smuggling_suspected")],
    ),
    "6 two lengths": (lambda: upload(LENGTH, ("Content-Length", "3")), [(400, "duplicate_header")]),
    **{
        f"7 coded as {coding}": (
            lambda coding=coding: upload(LENGTH, ("Content-Encoding", coding)),
            [(415, "content_encoding_not_supported")],
        )
        for coding in ("gzip", "deflate", "br", "zstd")
    },
    "8 a form": (lambda: request(FORM, BODY), [(415, "content_type")]),
    "9 another type": (
        lambda: request([HOST, ("Content-Type", "text/plain"), LENGTH], BODY),
        [(415, "content_type")],
    ),
    "10 a header twice": (lambda: upload(LENGTH, ("X-Hotkey", "x")), [(400, "duplicate_header")]),
    "10 an alias of a header": (lambda: upload(LENGTH, ("X_Hotkey", "x")), [(400, "duplicate_header")]),
    "11 a folded header": (lambda: upload(LENGTH, ("X-A", "b\r\n c")), [(400, "header_malformed")]),
    "11 a line feed in a header": (lambda: upload(LENGTH, ("X-A", "b\nc: d")), [(400, "header_malformed")]),
    "11 a return in a header": (lambda: upload(LENGTH, ("X-A", "b\rc")), [(400, "header_malformed")]),
    "12 a long header": (lambda: upload(LENGTH, ("X-A", "b" * 9000)), [(431, "headers_too_large")]),
    "12 seventy headers": (
        lambda: upload(LENGTH, *[(f"X-{n}", "b") for n in range(70)]),
        [(431, "headers_too_large")],
    ),
    "12 two hundred headers": (
        lambda: upload(LENGTH, *[(f"X-{n}", "b") for n in range(200)]),
        [(431, "headers_too_large")],
    ),
    **{
        f"27 {path}": (
            lambda path=path: upload(LENGTH, start=f"POST {path} HTTP/1.1"),
            [(404, "not_found")],
        )
        for path in ("/v1//submissions", "/v1/./submissions", "/v1/%2e%2e/submissions", "/v1/submissions%00")
    },
    "28 a header that overrides the method": (
        lambda: upload(LENGTH, ("X-HTTP-Method-Override", "DELETE")),
        [(405, "method_not_allowed")],
    ),
    **{
        f"28 {method}": (
            lambda method=method: get(start=f"{method} /v1/submissions HTTP/1.1"),
            [(405, "method_not_allowed")],
        )
        for method in ("TRACE", "PUT", "BREW")
    },
    "30 bad authentication asks to go on": (
        lambda: request([HOST, ("Content-Type", "application/zip"), LENGTH, ("Expect", "100-continue")]),
        [(100, ""), (401, "auth_header_missing")],
    ),
    "31 another host": (
        lambda: request([("Host", "elsewhere.example"), LENGTH], BODY),
        [(400, "host_not_allowed")],
    ),
    "32 a request hidden in the body": (
        lambda: upload(
            ("Content-Length", str(len(BODY + get()))),
            ("Connection", "keep-alive"),
            body=BODY + get(),
            start="POST /v1/submissions HTTP/1.0",
        ),
        [(401, "signature_invalid")],
    ),
    "32 a request that begins within the body": (
        lambda: upload(
            ("Content-Length", str(len(BODY) - 9)),
            ("Connection", "keep-alive"),
            body=BODY + get(),
            start="POST /v1/submissions HTTP/1.0",
        ),
        [(401, "signature_invalid"), (400, "request_line_malformed")],
    ),
}  # fmt: skip
# an answer that takes a while, sent without an end
CASES["29 a body that does not come"] = (
    lambda: upload(LENGTH, body=BODY[:9]),
    [(408, "request_timeout")],
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A real web server with an installation of its own."""
    folder = tmp_path_factory.mktemp("web")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
    environment = {**kept, "PRISM_VAR_DIR": str(folder / "var"), "PRISM_PUBLIC_SUBMISSIONS_ENABLED": "true"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    (folder / "conf.py").write_text((ROOT / "gunicorn.conf.py").read_text() + CONFIGURATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = probe.getsockname()
    command = [sys.executable, "-m", "gunicorn", "prism_site.wsgi", "--bind", f"{found[0]}:{found[1]}"]
    options = ["--threads", "2", "--no-control-socket", "-c", str(folder / "conf.py")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait(found, server, folder / "log")
        yield found
    finally:
        server.terminate()
        server.wait(60)


def _wait(address: tuple[str, int], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if statuses(send(address, get()))[:1] == [(200, "")]:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def send(address: tuple[str, int], raw: bytes, *, ends: bool = True) -> bytes:
    """Everything that comes back until the server closes; `ends`: we say that no more will come."""
    received = b""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(raw)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            received += part
    return received


def statuses(raw: bytes) -> list[tuple[int, str]]:
    """Status and code of each answer."""
    answers = [answer for answer in re.split(rb"(?=HTTP/1\.[01] \d{3} )", raw) if answer.startswith(b"HTTP")]
    return [(int(answer.split()[1]), _code(answer)) for answer in answers]


def _code(answer: bytes) -> str:
    found = re.search(rb'"code": ?("[a-z_0-9]+")', answer)
    return json.loads(found[1]) if found else ""


@pytest.mark.parametrize("key", CASES)
def test_a_bad_request_has_its_answer_and_the_connection_is_closed(address, key: str) -> None:
    raw, expected = CASES[key]
    assert statuses(send(address, raw(), ends=not key.startswith("29"))) == expected


def test_an_honest_upload_is_taken_after_all_of_it(address) -> None:
    ((status, _),) = statuses(send(address, upload(LENGTH)))
    assert status in {200, 201}


def test_headers_that_do_not_come_are_not_waited_for(address) -> None:
    assert send(address, b"GET /version HTTP/1.1\r\nHost: 127.0", ends=False) == b""


def test_many_slow_senders_stop_nobody_for_long(address) -> None:
    slow = [socket.create_connection(address, timeout=60) for _ in range(8)]
    for connection in slow:
        connection.sendall(b"POST /v1/submissions HTTP/1.1\r\nX-A: ")
    assert statuses(send(address, get()))[0][0] == 200
    for connection in slow:
        connection.close()
