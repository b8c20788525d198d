"""The audit of dependencies, against a server that speaks OSV: fails for an advisory, shouts where blind."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from prism_site import audit

ADVISORY = {
    "id": "PYSEC-2026-1",
    "summary": "made up for this test",
    "affected": [
        {
            "package": {"name": "faulty", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
            "versions": ["1.0"],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Knows one advisory."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {"vulns": [ADVISORY]} if asked["package"]["name"] == "faulty" else {}
        body = json.dumps(known).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def options(tmp_path: Path) -> Iterator[list[str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served_by(f"http://127.0.0.1:{server.server_port}/v1/query", tmp_path)
        server.shutdown()


def served_by(url: str, folder: Path) -> list[str]:
    return ["--vulnerability-service", "osv", "--osv-url", url, "--cache-dir", str(folder / "cache")]


def pinned(folder: Path, text: str) -> list[Path]:
    (folder / "requirements.txt").write_text(text)
    return [folder / "requirements.txt"]


def test_a_pinned_version_with_an_advisory_fails(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main(pinned(tmp_path, "faulty==1.0\nfine==1.0\n"), options=options) == 1
    assert "faulty 1.0: PYSEC-2026-1" in capsys.readouterr().out


def test_versions_without_an_advisory_pass(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main(pinned(tmp_path, "fine==1.0\n"), options=options) == 0
    said = capsys.readouterr()
    assert "1 pinned packages, 0 known" in said.out
    assert "NOT AUDITED" not in said.err


def test_a_source_that_does_not_answer_is_said_aloud_and_fails_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = served_by("http://127.0.0.1:9/v1/query", tmp_path)
    assert audit.main(pinned(tmp_path, "fine==1.0\n"), options=nobody) == 0
    said = capsys.readouterr()
    assert "NOT AUDITED" in said.err
    assert "known vulnerabilities" not in said.out


def test_packages_of_which_nothing_is_known_do_not_count_as_audited(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert audit._judge([{"name": "strange", "skip_reason": "not found"}]) == 0
    assert "NOT AUDITED" in capsys.readouterr().err
    assert audit._judge([{"name": "strange", "skip_reason": "x"}, {"name": "a", "version": "1"}]) == 0
    said = capsys.readouterr()
    assert "1 pinned packages" in said.out
    assert "strange" in said.err


def test_everything_that_is_installed_is_pinned() -> None:
    for each in audit.REQUIREMENTS:
        lines = [line.split("#")[0].strip() for line in each.read_text().splitlines()]
        assert all("==" in line or line.startswith("-r") for line in lines if line), each
