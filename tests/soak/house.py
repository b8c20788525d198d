"""The processes of an installation: a web server and two hosts with a queue each, on one database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from evaluations.backends.processes import descendants, end_session, living, look, session_members
from prism_site.config import ROOT

HOSTS = ("soak-a", "soak-b")
GUNICORN = [sys.executable, "-m", "gunicorn", "prism_site.wsgi", "--workers", "2", "--threads", "4"]
SUPERVISE = [sys.executable, str(ROOT / "manage.py"), "supervise"]


class House:
    """Starts what should run, and again what was killed, as an init system does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.standing: dict[str, list[int]] = {}  # processes of hosts that stand still
        self.log = (folder / "house.log").open("ab")

    @property
    def address(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def look_after(self) -> None:
        """Start what is not running; on a host that stands still nobody starts anything."""
        for name in ("web", *HOSTS):
            process = self.running.get(name)
            if name not in self.standing and (process is None or process.poll() is not None):
                self._start(name)

    def victims(self) -> list[int]:
        """Every process of the house, but of hosts that stand still."""
        standing = {pid for pids in self.standing.values() for pid in pids}
        return sorted(set(_house_processes(self.folder)) - standing)

    def job_processes(self) -> list[int]:
        """Those that carry out runs."""
        return sorted(pid for leader in _job_leaders(self.folder) for pid in session_members(leader))

    def pause(self, name: str) -> None:
        """A host stands still: its supervisor, its queue; jobs and leases do not know."""
        self.standing[name] = [self.running[name].pid, *descendants([self.running[name].pid])]
        _signal(self.standing[name], signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """It goes on where it stood, as if no time had passed."""
        _signal(self.standing.pop(name), signal.SIGCONT)

    def stop(self) -> None:
        """Nothing stays."""
        while left := _house_processes(self.folder):
            _signal(left, signal.SIGKILL)
            time.sleep(0.1)
        for process in self.running.values():
            process.wait()
        for leader in _job_leaders(self.folder):
            end_session(leader)
        self.log.close()

    def _start(self, name: str) -> None:
        bind = ["--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"]
        command = [*GUNICORN, *bind] if name == "web" else SUPERVISE
        host = {"PRISM_HOST_NAME": name, "PRISM_VAR_DIR": str(self.folder / name)}
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **host}, stdout=self.log, stderr=subprocess.STDOUT
        )


def kill(pid: int) -> bool:
    """Kill at once; whether it lived."""
    living = look(pid) is not None
    _signal([pid], signal.SIGKILL)
    return living


def _signal(pids: Iterable[int], signum: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def _house_processes(folder: Path) -> list[int]:
    """Those that were started with our settings, wherever their parents went."""
    return [
        process.pid
        for process in living()
        if b"PRISM_DATABASE_URL=" in (environment := _read(process.pid, "environ"))
        and str(folder).encode() in environment
        and b"postgres" not in _read(process.pid, "cmdline")
        and process.pid != os.getpid()
    ]


def _job_leaders(folder: Path) -> list[int]:
    """Leaders of jobs, which are nobody's children."""
    commands = {process.pid: _read(process.pid, "cmdline") for process in living()}
    launcher = b"evaluations.backends.launcher"
    return [pid for pid, told in commands.items() if launcher in told and str(folder).encode() in told]


def _read(pid: int, what: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{what}").read_bytes()
    return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(house: House, seconds: float = 60) -> None:
    """Return as soon as the web server takes connections."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", house.port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError("the web server does not answer")
