"""A process that is killed in the middle of a decision: all of it happened, or nothing."""

import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections

from evaluations.enums import Stage, Status
from evaluations.models import Event, Submission
from prism_site import decisions
from prism_site.config import ROOT, env
from reviews.models import Hold, HoldEvent
from scoring.models import Score
from tests.evaluations.conftest import shared_database
from tests.reviews import world
from tests.reviews.test_holds import held

__all__ = ["shared_database"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DECIDING = ["locked", "resolved", "lifted", "moved", "recorded"]


def killed_at(point: str, hold: Hold, what: str) -> None:
    """Start the decision in a process of its own, wait until it stands at `point`, and kill it there."""
    command = [sys.executable, "-m", "tests.reviews.killed_in_decision", point, str(hold.pk), what]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "prism_site.settings",
        "PRISM_DATABASE_URL": _database_url(),
        "PRISM_VAR_DIR": str(env().var_dir),
    }
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
    assert said == "here\n"


def _database_url() -> str:
    settings = connections["default"].settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    server = urlsplit(env().effective_database_url)
    return server._replace(path=f"/{settings['NAME']}").geturl()


def everything() -> list[list[dict[str, Any]]]:
    """All that a decision may write."""
    models = (Hold, HoldEvent, Score, Event, Submission)
    return [list(model.objects.order_by("pk").values()) for model in models]  # type: ignore[attr-defined]


@pytest.mark.parametrize("point", DECIDING)
def test_a_decision_killed_in_the_middle_did_not_happen_and_can_be_taken(
    shared_database: None, point: str
) -> None:
    hold = held()
    before = everything()
    killed_at(point, hold, Hold.Decision.LIFT_MULTIPLIER)
    assert everything() == before
    world.decide(hold, Hold.Decision.LIFT_MULTIPLIER)
    assert world.state(hold) == (Status.COMPLETED, Stage.DONE)
    assert Score.objects.get().multiplier == 1.0
    assert world.verbs(hold) == ["open", "decide"]


@pytest.mark.parametrize("point", ["taken back", "reopened"])
def test_an_undo_killed_in_the_middle_did_not_happen_and_can_be_taken(
    shared_database: None, point: str
) -> None:
    hold = held()
    world.decide(hold, Hold.Decision.LIFT_MULTIPLIER)
    before = everything()
    killed_at(point, hold, "undo")
    assert everything() == before
    decisions.undo(hold.pk, by=world.EVE)
    assert world.state(hold) == (Status.HELD, Stage.SCORING)
    assert Score.objects.get().multiplier == 0.0
