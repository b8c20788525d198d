"""The real queue: a supervised cluster in processes of its own, killed in the middle."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evaluations.backends.processes import descendants, look, session_members
from prism_site.config import ROOT

pytestmark = pytest.mark.slow
DEADLINE_SECONDS = 150
UPLOAD = """
import django
django.setup()
from tests.evaluations import world
world.small_runs(byte_budget=262_144)
slow = world.TRAINING.replace("tokens = chunk.tokens", "tokens = chunk.tokens; time.sleep(0.5)")
slow = "import time" + slow
print(world.upload(training=slow).pk)
"""


class Installation:
    """A database and folders of its own, and the processes that work on them."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.database = folder / "var" / "prism.sqlite3"
        self.environment = {
            **os.environ,
            "PRISM_VAR_DIR": str(folder / "var"),
            "PRISM_DATA_DIR": str(data),
            "PRISM_DATABASE_URL": f"sqlite:///{self.database}",
            "DJANGO_SETTINGS_MODULE": "prism_site.settings",
            "PYTHONPATH": str(ROOT),
        }
        self.log = (folder / "log.txt").open("wb")
        (folder / "var").mkdir()
        self.python(str(ROOT / "manage.py"), "migrate", "--verbosity", "0")

    def python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
        return done.stdout.decode().strip()

    def supervise(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "supervise"],
            env=self.environment,
            cwd=ROOT,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            return database.execute(query).fetchall()

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.rows(
                "SELECT status, stage, reason FROM evaluations_submission"
            )
            time.sleep(0.2)

    def cluster(self, supervisor: subprocess.Popen[bytes]) -> int:
        """The main process of the queue cluster."""
        self.wait(lambda: bool(self.children(supervisor)))
        return self.children(supervisor)[0]

    @staticmethod
    def children(supervisor: subprocess.Popen[bytes]) -> list[int]:
        found = (look(pid) for pid in descendants([supervisor.pid]))
        return [process.pid for process in found if process and process.parent == supervisor.pid]


@pytest.fixture
def installation(tmp_path: Path, text_folder: Path) -> Iterator[Installation]:
    place = Installation(tmp_path, text_folder)
    yield place
    place.log.close()


def test_a_cluster_killed_in_the_middle_of_a_run_ends_it_once_and_scored(installation: Installation) -> None:
    installation.python("-c", UPLOAD)
    supervisor = installation.supervise()
    try:
        cluster = installation.cluster(supervisor)
        installation.wait(lambda: installation.rows("SELECT count(*) FROM evaluations_curvepoint")[0][0] > 3)
        for pid in session_members(cluster):
            os.kill(pid, signal.SIGKILL)
        installation.wait(
            lambda: installation.rows("SELECT stage FROM evaluations_submission") == [("done",)]
        )
        replaced = installation.cluster(supervisor)
    finally:
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(90) == 0
    assert installation.rows("SELECT status FROM evaluations_submission") == [("completed",)]
    assert installation.rows("SELECT number, state FROM evaluations_attempt") == [(1, "finished")]
    assert installation.rows("SELECT count(*) FROM scoring_score") == [(1,)]
    verbs = [verb for (verb,) in installation.rows("SELECT verb FROM evaluations_event ORDER BY sequence")]
    assert verbs[2:] == ["enqueue", "begin_evaluation", "begin_scoring", "complete"]
    assert cluster != replaced
    assert session_members(cluster) == session_members(replaced) == set()


@pytest.mark.long
def test_stopping_the_supervisor_leaves_the_job_to_the_next_one(installation: Installation) -> None:
    installation.python("-c", UPLOAD)
    supervisor = installation.supervise()
    cluster = installation.cluster(supervisor)
    installation.wait(lambda: installation.rows("SELECT count(*) FROM evaluations_curvepoint")[0][0] > 1)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(90) == 0
    assert session_members(cluster) == set()
    assert installation.rows("SELECT state FROM evaluations_attempt") == [("running",)]

    installation.python(str(ROOT / "manage.py"), "reconcile", "--once")
    installation.wait(lambda: _reconciled(installation) == [("completed", "done")])
    assert installation.rows("SELECT number, state FROM evaluations_attempt") == [(1, "finished")]


def test_a_supervisor_that_is_killed_takes_its_cluster_along(installation: Installation) -> None:
    supervisor = installation.supervise()
    # A slow host may replace a cluster that has not come up in time.
    installation.wait(lambda: len(session_members(installation.cluster(supervisor))) > 3)
    cluster = installation.cluster(supervisor)
    supervisor.kill()
    supervisor.wait()
    installation.wait(lambda: session_members(cluster) == set())


def _reconciled(installation: Installation) -> list[tuple[Any, ...]]:
    installation.python(str(ROOT / "manage.py"), "reconcile")
    return installation.rows("SELECT status, stage FROM evaluations_submission")
