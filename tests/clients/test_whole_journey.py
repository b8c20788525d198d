"""A stranger with the one file: fetched from a real web server, run as a program, to a real verdict."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.prism_submit import HELD, REFUSED
from prism_site.config import ROOT

pytestmark = pytest.mark.slow
BOOT_SECONDS, STEP_SECONDS = 120.0, 300


class World:
    """A web server and reconciling, with an installation of their own, and a miner's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
        self.plain = {**kept, "NO_PROXY": "*"}
        own = {"PRISM_VAR_DIR": str(folder / "var"), "PRISM_PUBLIC_SUBMISSIONS_ENABLED": "true"}
        self.environment = {**self.plain, **own}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.log = (folder / "log").open("wb")
        self.started: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=True)

    def start(self, *command: str) -> None:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log
        )
        self.started.append(process)

    def wait(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/version", timeout=10).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        for process in self.started:
            process.terminate()
            process.wait(60)
        self.started.clear()

    def tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The file that was fetched, as a program."""
        return subprocess.run(
            [sys.executable, "prism_submit.py", *arguments],
            cwd=self.folder,
            env={**self.plain, "PRISM_SERVER": self.url, "PRISM_KEY_FILE": "my.key"},
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("NO_PROXY", "*")
    world = World(tmp_path)
    world.manage("migrate", "-v0")
    bind = world.url.removeprefix("http://")
    world.start("-m", "gunicorn", "prism_site.wsgi", "--bind", bind, "--threads", "2", "--no-control-socket")
    try:
        world.wait()
        yield world
    finally:
        world.stop()
        world.log.close()


def test_a_stranger_fetches_the_tool_and_sees_a_bundle_through(world: World) -> None:
    with urllib.request.urlopen(f"{world.url}/submit/prism_submit.py", timeout=60) as answer:
        source, etag = answer.read(), answer.headers["ETag"]
    assert etag == f'"{hashlib.sha256(source).hexdigest()}"'
    (world.folder / "prism_submit.py").write_bytes(source)
    shutil.copytree(ROOT / "examples" / "prior", world.folder / "bundle")

    assert "PRISM_KEY_FILE" in world.tool("--help").stdout
    assert world.tool("submit", "bundle").stderr.startswith("key_unreadable: ")
    assert world.tool("keygen", "my.key").returncode == 0

    checked = world.tool("precheck", "bundle")
    assert checked.returncode == HELD, checked.stderr
    assert "opaque_constant" in checked.stdout

    first, again = world.tool("submit", "bundle"), world.tool("submit", "bundle")
    submission = first.stdout.split()[0]
    assert (first.returncode, again.returncode) == (0, 0)
    assert again.stdout.startswith(f"{submission}  pending  (known since ")

    world.start("manage.py", "reconcile", "--loop", "0.5")
    followed = world.tool("follow", submission)
    assert followed.returncode == HELD, followed.stdout + followed.stderr
    assert f"held  {submission}\nopaque_constant: " in followed.stdout

    (world.folder / "bundle" / "training.py").write_text("def train(ctx:\n")
    broken = world.tool("submit", "bundle", "--follow")
    assert broken.returncode == REFUSED, broken.stdout + broken.stderr
