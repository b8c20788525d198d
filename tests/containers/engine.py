"""A container engine for tests: the one that answers here, or one of our own that leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60
NO_ENGINE = "no container engine answers and none can be started: as root, apt-get install docker.io iptables"


class NoEngine(Exception):
    """Neither is there one, nor can one be started."""


class OwnEngine:
    """`dockerd` without a network, all its files in one folder; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, f"unix://{folder}/docker.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for number in ("docker.pid", "exec/containerd/containerd.pid"):  # of those that were killed
            (self.folder / number).unlink(missing_ok=True)
        options = {"data-root": "data", "exec-root": "exec", "pidfile": "docker.pid"}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none"],
                    *(f"--{name}={self.folder / place}" for name, place in options.items()),
                    f"--host={self.address}",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.address):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NoEngine((self.folder / "log").read_text(errors="replace")[-500:])
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, with everything that it started."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Let it end its containers and go."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_SECONDS)


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """An engine of our own; raises `NoEngine` where none can be started."""
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        raise NoEngine(NO_ENGINE)
    folder = Path(tempfile.mkdtemp(prefix="prism-engine-"))  # short: a socket's path has 107 characters
    engine = OwnEngine(folder)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


def answers(address: str = "") -> bool:
    """Whether an engine answers there, or where `docker` looks by itself."""
    if shutil.which("docker") is None:
        return False
    at = ["--host", address] if address else []
    asked = subprocess.run(["docker", *at, "version"], capture_output=True, check=False, timeout=30)
    return asked.returncode == 0
