"""The demo as a newcomer starts it: set up, served, uploaded through the API, stopped, started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prism_site.config import ROOT
from prism_site.demo import EXAMPLES

pytestmark = pytest.mark.slow
SECONDS = 400.0  # much less on a machine that has time


class Demo:
    """One start of `manage.py demo` with an installation of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.output = folder / "demo.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
        with self.output.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(port)],
                cwd=ROOT,
                env={**environment, "PRISM_VAR_DIR": str(folder / "var"), "COLUMNS": "200"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + SECONDS
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert living(tmp_path) == []


def living(folder: Path) -> list[str]:
    """Processes of this test's installation that are still there."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in environ.read_bytes():
                found.append((environ.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_the_demo_starts_stops_cleanly_and_goes_on_where_it_was(folder: Path) -> None:
    first = Demo(folder)
    first.wait_for("running: evaluating")
    first.wait_for("held: review (opaque_constant)")
    assert "printed this once" in first.said
    assert first.stop() == 0, first.said
    assert "1 evaluation goes on at the next start" in first.said
    assert living(folder) == []

    second = Demo(folder)
    second.wait_for("running: evaluating")
    assert "printed this once" not in second.said
    ids = re.findall(r"/submissions/([0-9a-f-]{36})", first.said)
    assert len(ids) == len(EXAMPLES)
    assert re.findall(r"/submissions/([0-9a-f-]{36})", second.said) == ids
    assert second.stop() == 0, second.said
