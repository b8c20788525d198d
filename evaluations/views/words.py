"""Saying in plain words where a submission stands, what happened, and what happens next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.enums import Stage, Status
from evaluations.holding import Held
from evaluations.models import Event, Submission
from evaluations.queue_place import Place

EVENT_WORDS: Mapping[str, str] = {
    "receive": "Accepted",
    "refuse": "Refused at the door",
    "begin_review": "Review began",
    "enqueue": "Passed the review; waiting for a turn",
    "wait": "Waiting",
    "begin_evaluation": "Evaluation began",
    "requeue": "Evaluation lost to the infrastructure; waiting for another turn",
    "begin_scoring": "Evaluation finished; the score is being computed",
    "complete": "Scored",
    "fail": "Failed",
    "reject": "Rejected",
    "hold": "Held for an operator",
    "release": "Released by an operator",
    "retry": "Tried again, as its owner asked",
    "decide": "An operator decided",
    "undo": "An operator took a decision back",
    "reopen": "Held again: an operator took a decision back",
    "reopen_score": "Held again: an operator took a decision back",
}


@dataclass(frozen=True)
class Words:
    """The state in a sentence, and the next step in another; no next step once it is over."""

    now: str
    next: str = ""


HELD = Words(
    "This submission is held.",
    "An operator looks at it. Nothing is lost: it either goes on or is rejected with a reason.",
)
UNDER_WAY: Mapping[Stage, Words] = {
    Stage.RECEIVED: Words("The bundle was accepted and stored.", "The review begins within seconds."),
    Stage.REVIEW: Words(
        "The source is being checked against the contract.",
        "If it passes, it waits for its turn; otherwise it is rejected with file and line.",
    ),
    Stage.EVALUATING: Words(
        "The model reads the text chunk by chunk: each chunk is scored first, then trained on.",
        "When all bytes are scored, the final score is computed and the curve stays here.",
    ),
    Stage.SCORING: Words("Every byte is scored.", "The final score is being computed; this takes a moment."),
}
ENDINGS: Mapping[Status, Words] = {
    Status.COMPLETED: Words("It was scored on the whole text. Nothing further happens to it."),
    Status.FAILED: Words("It could not be measured."),
    Status.REJECTED: Words("It was refused."),
}


def describe(submission: Submission, *, place: Place | None = None, held: Held | None = None) -> Words:
    """What to tell the miner; `place` is that in the queue, `held` what stops it."""
    if submission.status == Status.HELD:
        return HELD if held is None else Words(HELD.now, held.next)
    if submission.stage == Stage.DONE:
        return ENDINGS[Status(submission.status)]
    if submission.stage == Stage.QUEUED:
        return Words("It passed the review and waits for its turn.", _turn(place))
    return UNDER_WAY[Stage(submission.stage)]


def _turn(place: Place | None) -> str:
    if place is None:
        return "Its evaluation starts when a slot is free."
    ahead = place.submissions_ahead
    if ahead == 0:
        return "It is the next in line: its evaluation starts as soon as a slot is free."
    return f"{ahead} {'submission is' if ahead == 1 else 'submissions are'} ahead of it in the queue."


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    event: Event
    text: str
    who: str
    detail: str


def timeline(events: list[Event]) -> list[Line]:
    """The history in plain words, oldest first."""
    return [Line(event, _words_of(event), _who(event.by), _detail(event)) for event in events]


def _words_of(event: Event) -> str:
    return EVENT_WORDS.get(event.verb, event.verb)


def _who(by: str) -> str:
    """The pipeline does most things: only people are named."""
    kind, _, name = by.partition(":")
    return f"operator {name}" if kind == "operator" else ""


def _detail(event: Event) -> str:
    data: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
    parts = []
    if event.reason_code:
        parts.append(event.reason_code)
    if "attempt" in data:
        parts.append(f"attempt {data['attempt']}")
    parts.extend(str(data[name]) for name in ("note", "detail") if data.get(name))
    return " · ".join(parts)
