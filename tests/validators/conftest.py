"""A server with one queued run, a validator that it knows, and the outcome of a real run."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from evaluations.backends import local
from evaluations.backends.jobs import JobState
from evaluations.backends.prepare import JOB
from evaluations.backends.results import manifest_in
from evaluations.enums import RunState
from evaluations.models import Assignment, Attempt, Run, Submission
from evaluations.transitions import requeue
from evaluations.validators.client.preparation import prepare
from evaluations.validators.client.server import Assigned
from prism_site.config import override_env
from tests.evaluations import world
from tests.evaluations.conftest import host, shared_database, text_folder
from tests.factories import make_hotkey

__all__ = ["host", "shared_database", "text_folder"]

TOKEN = "the platform's token"
VALIDATOR, SECOND, STRANGER = make_hotkey("validator"), make_hotkey("second"), make_hotkey("stranger")
DEADLINE_SECONDS = 300.0
ASSIGNMENTS = "/internal/v1/validators/assignments"

Manifest = dict[str, Any]


@dataclass
class Validator:
    """The calls of one validator, made by Django's test client."""

    client: Client
    hotkey: str = VALIDATOR
    token: str = TOKEN

    def post(self, route: str, body: Any = None) -> Any:
        return self.client.post(
            f"{ASSIGNMENTS}/{route}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", "X-Validator-Hotkey": self.hotkey},
        )

    def next(self) -> dict[str, Any]:
        response = self.post("next")
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found

    def take(self) -> dict[str, Any]:
        """An assignment that was accepted."""
        assignment = self.next()
        assert self.post(f"{assignment['id']}/accept").status_code == 200
        return assignment


@pytest.fixture(autouse=True)
def doors(host: Path) -> Iterator[None]:
    cache.clear()
    with override_env(shared_token=TOKEN, validator_hotkeys=f"{VALIDATOR},{SECOND}"):
        yield


@pytest.fixture
def validator(client: Client) -> Validator:
    return Validator(client)


@pytest.fixture
def second(client: Client) -> Validator:
    return Validator(client, SECOND)


@pytest.fixture
def submission(db: None, host: Path) -> Submission:
    world.small_runs()
    return world.queued()


@dataclass(frozen=True)
class Real:
    """A run that was carried out, with what it was asked to be."""

    manifest: Manifest
    lines: list[str]  # of its progress
    specification: dict[str, Any]
    yardsticks: dict[str, list[float]]

    def outcome_of(self, assignment: dict[str, Any]) -> Manifest:
        """The manifest as the referee would have written it for this assignment: the runs are alike."""
        ids = {name: assignment["specification"][name] for name in ("submission_id", "run_id")}
        return copy.deepcopy(self.manifest) | ids


def wait_for(condition: Callable[[], bool]) -> None:
    """Real processes take long where many of them share a core."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="session")
def carried_out() -> list[Real]:
    """At most one: made by the first test of this process that needs it."""
    return []


@pytest.fixture
def real(submission: Submission, validator: Validator, host: Path, carried_out: list[Real]) -> Real:
    """A real run of the referee, behind the sandbox, of what an assignment asks for."""
    if not carried_out:
        assignment = validator.next()
        assigned = Assigned(assignment["id"], assignment["specification"], 60.0, assignment)
        prepare(assigned, host / "run")
        local.launch(host / "run", local.referee_command(host / "run" / JOB), limit_seconds=DEADLINE_SECONDS)
        wait_for(lambda: local.poll(host / "run") is JobState.ENDED)
        manifest = manifest_in(host / "run")
        assert manifest is not None, (host / "run" / "referee.log").read_text()
        lines = (host / "run" / "progress.jsonl").read_text().splitlines()
        run = Run.objects.get()
        carried_out.append(Real(manifest, lines, assignment["specification"], run.yardsticks))
        Assignment.objects.all().delete()
        Attempt.objects.all().delete()
        Run.objects.update(state=RunState.QUEUED)
        requeue(run.submission_id, by="test", reason_code="test", data={})
    return carried_out[0]
