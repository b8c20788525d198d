"""What attacks aim at: throw-away files for each, and one victim process for all."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from evaluations.runner.processes import ROOT
from evaluations.runner.sandbox import removal
from evaluations.sandbox_attacks.attack import Arena


class Victim:
    """The process of `victim.py`, started again where an attack without walls ended it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.port = self.address = 0
        self.sockets: tuple[str, str, str] = ("", "", "")

    def awake(self) -> int:
        """Its process id; it listens once this returns."""
        if self.process is None or self.process.poll() is not None:
            self._start()
        assert self.process is not None
        return self.process.pid

    def end(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def _start(self) -> None:
        base = self.folder / f"victim-{time.monotonic_ns()}"
        base.mkdir(parents=True)
        self.sockets = (str(base / "stream"), str(base / "datagram"), f"{self.folder.name}-{base.name}")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "evaluations.sandbox_attacks.victim", *self.sockets],
            cwd=ROOT,
            env={"SECRET": "secret", "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.port, self.address = (int(word) for word in self.process.stdout.readline().split())


@contextlib.contextmanager
def arena(victim: Victim) -> Iterator[Arena]:
    """Folders, a secret, and a file to read, for one attack."""
    base = victim.folder / f"arena-{time.monotonic_ns()}"
    own, beside, shared = base / "own", base / "beside", base / "shared" / "text.txt"
    for path in (own, beside / "empty", shared.parent):
        path.mkdir(parents=True)
    (beside / "secret.txt").write_text("secret")
    (own / "planted").symlink_to(beside / "secret.txt")
    shared.write_text("shared")
    try:
        yield Arena(
            own=str(own),
            beside=str(beside),
            secret=str(beside / "secret.txt"),
            shared=str(shared),
            repository=str(ROOT),
            victim=victim.awake(),
            victim_address=victim.address,
            victim_port=victim.port,
            unix_stream=victim.sockets[0],
            unix_datagram=victim.sockets[1],
            abstract=victim.sockets[2],
        )
    finally:
        removal.remove(base)
