from typing import Any

import pytest

from evaluations import transitions
from evaluations.enums import Stage, Status
from evaluations.models import Event, Submission
from evaluations.queue_place import Place
from evaluations.transitions import TABLE, State
from evaluations.views.words import EVENT_WORDS, describe, timeline

NO_MOVES = {"wait", "decide", "undo"}  # they tell something and leave the submission where it is


def place(ahead: int) -> Place:
    none: Any = dict.fromkeys(("starts", "ends", "unknown", "last_sign_at"))
    return Place(submissions_ahead=ahead, runs_ahead=ahead, slots=1, measured_runs=0, **none)


@pytest.mark.parametrize("state", TABLE, ids=str)
def test_every_state_is_described(state: State) -> None:
    words = describe(Submission(status=state.status, stage=state.stage), place=place(0))
    assert words.now.endswith(".")
    assert bool(words.next) == (state.stage != Stage.DONE)


def test_every_verb_has_words() -> None:
    verbs = {verb for moves in TABLE.values() for verb in moves} | {"receive", "refuse", *NO_MOVES}
    assert verbs == set(EVENT_WORDS)
    assert all(hasattr(transitions, verb) for verb in verbs - NO_MOVES)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(0, "next in line"), (1, "1 submission is"), (7, "7 submissions are"), (None, "slot is free")],
)
def test_queue_position_is_told(ahead: int | None, said: str) -> None:
    waiting = Submission(status=Status.PENDING, stage=Stage.QUEUED)
    assert said in describe(waiting, place=None if ahead is None else place(ahead)).next


def test_operators_are_named_and_the_pipeline_is_not() -> None:
    events = [
        Event(verb="release", by="operator:anna", data={"note": "host was down"}),
        Event(verb="complete", by="system:pipeline", data={}),
    ]
    lines = timeline(events)
    assert [(line.who, line.detail) for line in lines] == [("operator anna", "host was down"), ("", "")]
