"""A broker process of a test's own, jobs for it, and an installation that speaks to it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evaluations.backends.broker.backend import BrokerBackend
from evaluations.backends.broker.client import Broker
from tests.broker.jobs import SLUG, TOKEN
from tests.evaluations.conftest import host, text_folder

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0

__all__ = ["host", "text_folder"]


@dataclass
class RunningBroker:
    """The broker's process and its folder, through which a test tells it what to do."""

    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{(self.folder / 'port').read_text()}"

    def let(self, **faults: list[str]) -> None:
        """What the next calls of a route are to suffer."""
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def engine(self, **settings: Any) -> None:
        """How jobs are run: in which image, with what kept of their output."""
        (self.folder / "engine.json").write_text(json.dumps(settings))

    def knows(self, **clients: str) -> None:
        """Tokens by slug."""
        (self.folder / "clients.json").write_text(json.dumps(clients))

    def asked(self, route: str = "") -> list[dict[str, Any]]:
        """Every call so far, or those of one route."""
        path = self.folder / "asked.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if route in ("", call["route"])]

    def forget(self) -> None:
        """As it was when it started: what an earlier test left running is ended."""
        self.knows(**{SLUG: TOKEN})
        (self.folder / "faults.json").unlink(missing_ok=True)
        deadline = time.monotonic() + START_SECONDS
        with Broker(self.url, slug=SLUG, token=lambda: TOKEN) as client:
            while left := client.list():
                assert time.monotonic() < deadline, "a job of an earlier test does not end"
                for one in left:
                    client.cleanup(one.job_id)
        for name in ("faults.json", "engine.json", "asked.jsonl", "forged.json"):
            (self.folder / name).unlink(missing_ok=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def _process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    running = _started(tmp_path_factory.mktemp("broker"))
    yield running
    running.kill()


@pytest.fixture
def broker(_process: RunningBroker) -> RunningBroker:
    """A broker that knows us."""
    _process.forget()
    return _process


@pytest.fixture
def mortal_broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """Another, which a test may kill."""
    folder = tmp_path / "mortal"
    folder.mkdir()
    running = _started(folder)
    yield running
    running.kill()


def _started(folder: Path) -> RunningBroker:
    process = subprocess.Popen([sys.executable, "-m", "tests.broker.broker_process", str(folder)], cwd=ROOT)
    running = RunningBroker(folder, process)
    running.knows(**{SLUG: TOKEN})
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "port").exists():
        assert time.monotonic() < deadline, "the broker of the tests did not start"
        time.sleep(0.01)
    return running


@pytest.fixture(autouse=True)
def _no_broker_was_silent() -> None:
    BrokerBackend.silent_until = 0.0
