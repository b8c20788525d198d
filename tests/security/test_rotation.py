"""The shared token is replaced while requests keep coming, on a real web server: none of them is lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prism_site.config import ROOT

pytestmark = pytest.mark.long
OLD, NEW = "the-old-token-of-the-platform", "the-new-token-of-the-platform"
PATH = "/internal/v1/component-review/holds"
SECONDS = 90


class Server:
    """A web server whose tokens lie in a file."""

    def __init__(self, folder: Path) -> None:
        self.file, self.log = folder / "tokens", folder / "log"
        self.file.write_text(OLD)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
        own = {"PRISM_VAR_DIR": str(folder / "var"), "PRISM_SHARED_TOKEN_FILE": str(self.file)}
        environment = {**kept, **own}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "prism_site.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--threads", "2", "--no-control-socket"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def ask(self, token: str) -> int:
        """The status that a call with this token gets; 0 where nobody listens."""
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{PATH}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def rotate(self, *tokens: str) -> None:
        """What docs/operators.md says: write the file, then a HUP."""
        self.file.write_text("\n".join(tokens) + "\n")
        self.process.send_signal(signal.SIGHUP)

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    found.wait(lambda: found.ask(OLD) == 200)
    yield found
    found.process.terminate()
    found.process.wait(60)


def test_tokens_rotate_while_the_platform_keeps_calling(server: Server) -> None:
    answers: Counter[int] = Counter()
    in_use, stop = [OLD], threading.Event()

    def platform() -> None:
        while not stop.is_set():
            answers[server.ask(in_use[0])] += 1

    caller = threading.Thread(target=platform)
    caller.start()
    try:
        server.rotate(NEW, OLD)
        server.wait(lambda: server.ask(NEW) == 200)
        assert server.ask(OLD) == 200
        in_use[0] = NEW
        server.rotate(NEW)
        server.wait(lambda: server.ask(OLD) == 401)
        assert server.ask(NEW) == 200
    finally:
        stop.set()
        caller.join()
    assert set(answers) == {200}, answers
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    used = {line["place"] for line in lines if line["event"] == "shared_token_used"}
    assert used == {1, 2}
    assert "token-of-the-platform" not in server.log.read_text()
