"""One line of a benchmark pack: strictly `{prompt, answer}` or `{prompt, choices, answer_index}`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINE_BYTES = 256 << 10
MAX_ANSWER_BYTES = 2048  # no mode has a window for more
MAX_CHOICES = 26
OPEN, CHOICE = {"prompt", "answer"}, {"prompt", "choices", "answer_index"}


class LineRefused(Exception):
    """What is wrong with a line, in words, with a code."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class PackItem:
    """A prompt, the answers to choose from (one where there is no choice), and which of them is right."""

    prompt: str
    answers: tuple[str, ...]
    gold: int

    def as_json(self) -> str:
        """The item as runs read it, in one line and one way."""
        return json.dumps({"prompt": self.prompt, "answers": self.answers, "gold": self.gold}) + "\n"


def item_of(line: bytes) -> PackItem:
    """The item on a line; raises `LineRefused`."""
    found = _object(line)
    if found.keys() == OPEN:
        return PackItem(_text(found, "prompt"), (_answer(found["answer"], "answer"),), 0)
    if found.keys() == CHOICE:
        return PackItem(_text(found, "prompt"), choices := _choices(found["choices"]), _index(found, choices))
    raise LineRefused(
        "pack_fields",
        f"the fields are {', '.join(sorted(found)) or 'none'}; {_names(OPEN)} or {_names(CHOICE)}",
    )


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise LineRefused("pack_line_too_long", f"the line has more than {MAX_LINE_BYTES} bytes")
    try:
        found = json.loads(line.decode(), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise LineRefused("pack_not_utf8", f"not UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise LineRefused("pack_not_json", f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise LineRefused("pack_not_json", f"a JSON {type(found).__name__}, not an object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise LineRefused("pack_fields", "a field is given twice")
    return found


def _names(fields: set[str]) -> str:
    return "{" + ", ".join(sorted(fields)) + "}"


def _text(found: Mapping[str, Any], name: str) -> str:
    return _checked(found[name], name)


def _checked(text: Any, name: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise LineRefused("pack_text", f"{name} is no text, or an empty one")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise LineRefused("pack_text", f"{name} holds half a character (a lone surrogate)") from error
    return text


def _answer(answer: Any, name: str) -> str:
    text = _checked(answer, name)
    if (size := len(text.encode())) > MAX_ANSWER_BYTES:
        raise LineRefused(
            "pack_answer_too_long", f"{name} has {size} bytes, at most {MAX_ANSWER_BYTES} may be"
        )
    return text


def _choices(choices: Any) -> tuple[str, ...]:
    if not isinstance(choices, list) or not 2 <= len(choices) <= MAX_CHOICES:
        raise LineRefused("pack_choices", f"choices is no list of 2 to {MAX_CHOICES} texts")
    found = tuple(_answer(choice, f"choice {number}") for number, choice in enumerate(choices))
    if len(set(found)) < len(found):
        raise LineRefused("pack_choices", "two choices are the same")
    return found


def _index(found: Mapping[str, Any], choices: tuple[str, ...]) -> int:
    index = found["answer_index"]
    if type(index) is not int or not 0 <= index < len(choices):
        raise LineRefused("pack_answer_index", f"answer_index is no number from 0 to {len(choices) - 1}")
    return index
