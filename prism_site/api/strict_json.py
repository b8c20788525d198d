"""JSON bodies without surprises: what `json.loads` lets through and later code or a database would not."""

import json
import math
from typing import Any, NoReturn

from prism_site.api.problems import Problem

MAX_DEPTH = 16
MAX_DIGITS = 19  # of a 64-bit integer


def loads(raw: bytes) -> Any:
    """The value in a UTF-8 body.

    Raises `Problem` 400: `json_encoding`, `json_malformed`, `json_too_deep`, `json_number`, `json_string`
    or `json_duplicate_key`.
    """
    try:
        value = json.loads(
            _text(raw),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_short,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise Problem(400, "json_too_deep") from None
    except ValueError:
        raise Problem(400, "json_malformed") from None
    _check(value)
    return value


def _text(raw: bytes) -> str:
    """UTF-8 without a byte order mark; a NUL byte is how UTF-16 and UTF-32 show."""
    if raw.startswith(b"\xef\xbb\xbf") or b"\0" in raw:
        raise Problem(400, "json_encoding", "The body must be UTF-8 without a byte order mark.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "json_encoding", "The body must be UTF-8.") from None


def _no_number(name: str) -> NoReturn:
    raise Problem(400, "json_number", "NaN and Infinity are not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Problem(400, "json_number", "A number is too large.")
    return number


def _short(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise Problem(400, "json_number", "An integer is too large.")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Problem(400, "json_duplicate_key", "A key occurs twice in one object.")
    return members


def _check(value: Any) -> None:
    """Walk without recursion: depth, and strings that UTF-8 or a database cannot hold."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Problem(400, "json_too_deep")
        if isinstance(item, str):
            _check_string(item)
        elif isinstance(item, dict):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list):
            waiting += [(part, depth + 1) for part in item]


def _check_string(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Problem(400, "json_string", "A string holds a NUL or half of a surrogate pair.")
