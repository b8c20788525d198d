"""The processes of an installation: a web server and two hosts with a queue each, on one database."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from evaluations.backends.processes import descendants, end_session, look, session_members
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
        self.log = (folder / "house.log").open("ab")

    @property
    def address(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    def look_after(self) -> None:
        """Start what is not running."""
        for name in ("web", *HOSTS):
            process = self.running.get(name)
            if process is None or process.poll() is not None:
                self._start(name)

    def victims(self, *, jobs: bool) -> list[int]:
        """Every process of the house; with `jobs` those that carry out runs, and no others."""
        ours = descendants([os.getpid()]) - {os.getpid()}
        members = {pid for pid in ours if not _is_database(pid)}
        return sorted(_job_processes(self.folder) if jobs else members)

    def pause(self, name: str) -> None:
        """A host stands still: its supervisor, its queue; jobs and leases do not know."""
        self._signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """It goes on where it stood, as if no time had passed."""
        self._signal(name, signal.SIGCONT)

    def stop(self) -> None:
        """Nothing stays."""
        for process in self.running.values():
            below = descendants([process.pid])
            for pid in (process.pid, *below):
                _kill(pid)
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

    def _signal(self, name: str, signum: int) -> None:
        process = self.running[name]
        for pid in (process.pid, *descendants([process.pid])):
            with suppress(ProcessLookupError):
                os.kill(pid, signum)


def kill(pid: int) -> bool:
    """Kill at once; whether it lived."""
    return look(pid) is not None and _kill(pid)


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _is_database(pid: int) -> bool:
    with suppress(OSError):
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return True


def _job_leaders(folder: Path) -> list[int]:
    """Leaders of jobs, which are nobody's children."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                command = (entry / "cmdline").read_bytes()
                if b"evaluations.backends.launcher" in command and str(folder).encode() in command:
                    found.append(int(entry.name))
    return found


def _job_processes(folder: Path) -> set[int]:
    return {pid for leader in _job_leaders(folder) for pid in session_members(leader)}


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
