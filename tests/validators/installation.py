"""A real web server on loopback with a database of its own, and validators that are processes elsewhere."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from prism_site.config import ROOT
from tests.validators.conftest import ASSIGNMENTS, SECOND, TOKEN, VALIDATOR

DEADLINE_SECONDS = 300
UPLOAD = """
import django
django.setup()
from tests.evaluations import world
world.small_runs(byte_budget=32_768)
slow = world.TRAINING.replace("tokens = chunk.tokens", "tokens = chunk.tokens; time.sleep(0.4)")
submission = world.accepted(training="import time" + slow)
from prism_site import pipeline
while pipeline.advance(str(submission.pk)):
    pass
"""


class Installation:
    """The server's side."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data = folder, data
        self.database = folder / "server" / "prism.sqlite3"
        self.environment = self._environment("server") | {
            "PRISM_VALIDATOR_HOTKEYS": f"{VALIDATOR},{SECOND}",
            "PRISM_LOCAL_SLOTS": "0",
            "DJANGO_SETTINGS_MODULE": "prism_site.settings",
        }
        self.log = (folder / "log.txt").open("wb")
        self.python(str(ROOT / "manage.py"), "migrate", "--verbosity", "0")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"

    def _environment(self, name: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PRISM_")}
        return {
            **kept,
            "PRISM_VAR_DIR": str(self.folder / name),
            "PRISM_DATA_DIR": str(self.data),
            "PRISM_SHARED_TOKEN": TOKEN,
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "127.0.0.1",
        }

    def python(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, cwd=ROOT, check=True)

    def serve(self) -> subprocess.Popen[bytes]:
        """A web server that answers."""
        bind = self.url.removeprefix("http://")
        command = [sys.executable, "-m", "gunicorn", "prism_site.wsgi", "--bind", bind, "--threads", "4"]
        server = subprocess.Popen(
            [*command, "--no-control-socket"],
            env=self.environment,
            cwd=ROOT,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.wait(lambda: self._answers() and server.poll() is None)
        return server

    def validate(self, name: str, hotkey: str) -> subprocess.Popen[str]:
        """A validator in a folder of its own, without a database."""
        command = [sys.executable, str(ROOT / "manage.py"), "validate", "--once"]
        return subprocess.Popen(
            [*command, "--server", self.url, "--hotkey", hotkey],
            env=self._environment(name),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def post(self, path: str) -> dict[str, Any]:
        """A call of the platform."""
        request = urllib.request.Request(
            f"{self.url}{path}", b"", {"Authorization": f"Bearer {TOKEN}"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def expire_now(self) -> dict[str, Any]:
        """As if a minute had passed without a sign of life."""
        self.execute("UPDATE evaluations_attempt SET lease_expires_at = '2020-01-01 00:00:00'")
        return self.post(f"{ASSIGNMENTS}/expire")

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database, timeout=60)) as database:
            database.execute(statement)
            database.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=60)) as database:
            return database.execute(query).fetchall()

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (self.folder / "log.txt").read_text()[-3000:]
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/version", timeout=10):
                return True
        except OSError:
            return False
