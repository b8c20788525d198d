"""Every secret setting holds a marker, a submission is scored over HTTP, and everything is searched."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bittensor_wallet import Keypair

from evaluations.intake.bundle import pack
from prism_site.config import ROOT, Environment
from prism_site.config_sources import is_secret
from prism_site.demo import Processes, supervised_queue, web_server
from tests.api.conftest import signed
from tests.evaluations import world
from tests.evaluations.conftest import text_folder

__all__ = ["text_folder"]

pytestmark = pytest.mark.long
SECONDS = 180
MARKER = "PLANTED"
PASSWORD = f"{MARKER}-password-of-the-operator"
SECRETS = {name for name, field in Environment.model_fields.items() if is_secret(field)}
PLANTED = {f"PRISM_{name.upper()}": f"{MARKER}-{name}-{'x' * 40}" for name in SECRETS}
SET_UP = f"""
import django
django.setup()
from django.contrib.auth.models import User
from tests.evaluations import world
world.small_runs()
User.objects.create_superuser("operator", password={PASSWORD!r})
"""
# What the static checks let through; code that looks for secrets is met in tests/flows and tests/sandbox.
CURIOUS = world.TRAINING + "    print(ctx.vocab_size)\n"


class Installation:
    """A web server and a queue with planted secrets."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in [name for name in os.environ if name.startswith("PRISM_")]:
            raise AssertionError(f"{name} is set")
        self.environment = {
            **PLANTED,
            "PRISM_VAR_DIR": str(folder / "var"),
            "PRISM_DATA_DIR": str(data),
            "PRISM_PUBLIC_SUBMISSIONS_ENABLED": "true",
            "PRISM_ALLOW_INSECURE_SIGNATURES": "true",
            "PRISM_LLM_BASE_URL": "http://127.0.0.1:9/v1",
            "DJANGO_SETTINGS_MODULE": "prism_site.settings",
            "PYTHONPATH": str(ROOT),
        }
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.answers: list[str] = []
        self.processes = Processes(self.logs, self.environment)
        self.python("manage.py", "migrate", "-v0")
        self.python("-c", SET_UP)

    def python(self, *arguments: str, check: bool = True) -> None:
        environment = {**os.environ, **self.environment}
        command = [sys.executable, *arguments]
        with (self.logs / "commands.log").open("ab") as log:
            subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=check)

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Any:
        """The JSON behind a path, kept to be searched; None where the answer is none."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text, lines = answer.read().decode(), str(answer.headers)
        except urllib.error.HTTPError as error:
            text, lines = error.read().decode(), str(error.headers)
        except OSError:
            return None
        self.answers += [lines, text]
        return json.loads(text) if text.startswith("{") else text

    def wait(self, path: str, done: Any) -> Any:
        deadline = time.monotonic() + SECONDS
        while not done(found := self.ask(path)):
            assert self.processes.dead() is None, self.processes.dead()
            assert time.monotonic() < deadline, found
            time.sleep(0.3)
        return found


@pytest.fixture
def installation(
    tmp_path: Path, text_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    for name in [name for name in os.environ if name.startswith("PRISM_")]:
        monkeypatch.delenv(name)
    found = Installation(tmp_path, text_folder)
    found.processes.start("web", web_server(found.port))
    found.processes.start("queue", supervised_queue())
    yield found
    found.processes.stop()


def test_no_secret_is_in_any_log_file_row_or_answer_of_a_full_run(installation: Installation) -> None:
    installation.wait("/version", bool)
    body = pack({"architecture.py": world.ARCHITECTURE.encode(), "training.py": CURIOUS.encode()})
    headers = signed(Keypair.create_from_uri("//Alice"), body)
    receipt = installation.ask(
        "/v1/submissions",
        body,
        Content_Type="application/zip",
        **{name.replace("-", "_"): value for name, value in headers.items()},
    )
    path = f"/v1/submissions/{receipt['id']}"
    ended = installation.wait(path, lambda found: found["status"] not in {"pending", "running"})
    assert ended["status"] == "completed", ended
    ask_everything(installation, path)
    fail_loudly(installation)
    installation.processes.stop()
    assert list(leaks(installation)) == []


def ask_everything(installation: Installation, path: str) -> None:
    token = PLANTED["PRISM_SHARED_TOKEN"]
    for more in ("/events", "/curve", "/manifest", "/log"):
        installation.ask(path + more)
    for each in ("/", "/v1/leaderboard", "/v1/recipe", "/health", "/v1/schema/", "/submit", path[3:]):
        installation.ask(each)
    for each in ("/internal/v1/get_weights", "/internal/v1/component-review/holds", "/metrics"):
        assert "internal_auth" not in str(installation.ask(each, Authorization=f"Bearer {token}"))


def fail_loudly(installation: Installation) -> None:
    """What goes wrong with secrets at hand: nearly right tokens, secrets in addresses, no gateway."""
    token = PLANTED["PRISM_SHARED_TOKEN"]
    installation.ask(f"/v1/submissions?hotkey={token}&token={token}")
    installation.ask(f"/nothing/{token}")
    installation.ask("/internal/v1/get_weights", Authorization=f"Bearer  {token}")
    installation.ask("/internal/v1/get_weights", Authorization=f"Basic {token}")
    installation.ask("/login/", f"username=operator&password={PASSWORD}".encode())
    installation.python("manage.py", "llm_check", check=False)
    installation.python("manage.py", "check", "--deploy", check=False)
    installation.python("manage.py", "settings", check=False)
    installation.python("manage.py", "backup", check=True)


def leaks(installation: Installation) -> Iterator[str]:
    """Every place that has a marker in it; searched unpacked where it is packed."""
    for number, answer in enumerate(installation.answers):
        if MARKER in answer.replace("hotkey=PLANTED", ""):
            yield f"answer {number}: {answer[:200]}"
    searched = 0
    for path in sorted(installation.folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            searched += 1
            if MARKER.encode() in _plain(path):
                yield str(path)
    assert searched > 10


def _plain(path: Path) -> bytes:
    import gzip

    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" and raw[:2] == b"\x1f\x8b" else raw


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Without this a search that looks nowhere would pass."""
    import gzip
    from types import SimpleNamespace

    for number in range(10):
        (tmp_path / f"{number}.log").write_text("nothing")
    (tmp_path / "rows.sqlite3").write_bytes(b"\0" + MARKER.encode())
    (tmp_path / "backup.tar.gz").write_bytes(gzip.compress(MARKER.encode()))
    place: Any = SimpleNamespace(folder=tmp_path, answers=["fine", f"no: {MARKER}"])
    assert [Path(each).name for each in leaks(place)][1:] == ["backup.tar.gz", "rows.sqlite3"]
    assert "answer 1" in next(leaks(place))
