"""What the broker answers, read as hostile input into our own records."""

import json
from dataclasses import dataclass
from typing import Any

from evaluations.backends.broker.errors import AnswerInvalid

MAX_DETAIL_CHARS = 500
MAX_LISTED = 10_000
MAX_EXIT_CODE = 1 << 31


@dataclass(frozen=True)
class RunAnswer:
    """How a container ended and what it printed."""

    container_name: str
    stdout: str
    stderr: str
    returncode: int
    timed_out: bool


@dataclass(frozen=True)
class Listed:
    """A container of ours that the broker knows."""

    container_name: str
    job_id: str
    status: str


def run_answer(body: bytes) -> RunAnswer:
    """The answer to a run; raises `AnswerInvalid`."""
    fields = _object(body)
    code = fields.get("returncode")
    if type(code) is not int or abs(code) >= MAX_EXIT_CODE:
        raise AnswerInvalid("the answer has no returncode")
    if type(fields.get("timed_out", False)) is not bool:
        raise AnswerInvalid("timed_out is neither true nor false")
    return RunAnswer(
        container_name=_text(fields, "container_name"),
        stdout=_text(fields, "stdout"),
        stderr=_text(fields, "stderr"),
        returncode=code,
        timed_out=fields.get("timed_out", False),
    )


def list_answer(body: bytes) -> list[Listed]:
    """The containers in a list's answer; one that belongs to no job has an empty `job_id`."""
    containers = _object(body).get("containers", [])
    if not isinstance(containers, list) or len(containers) > MAX_LISTED:
        raise AnswerInvalid("the list of containers is no list, or has no end")
    return [_listed(container) for container in containers]


def cleanup_answer(body: bytes) -> None:
    """Nothing but an object is expected."""
    _object(body)


def detail_of(body: bytes) -> str:
    """The sentence in a refusal, as one printable line; what came instead where there is none."""
    try:
        detail = _object(body).get("detail", "")
    except AnswerInvalid:
        detail = body[:MAX_DETAIL_CHARS].decode(errors="replace")
    text = detail if isinstance(detail, str) else json.dumps(detail)
    return "".join(character if character.isprintable() else " " for character in text)[:MAX_DETAIL_CHARS]


def _listed(container: object) -> Listed:
    if not isinstance(container, dict):
        raise AnswerInvalid("a container in the list is no object")
    return Listed(
        container_name=_text(container, "container_name"),
        job_id=_text(container, "job_id"),
        status=_text(container, "status"),
    )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise AnswerInvalid(f"{name} is no text")
    return value or ""


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AnswerInvalid(f"no JSON: {str(error)[:100]}") from error
    if not isinstance(value, dict):
        raise AnswerInvalid("no JSON object")
    return value
