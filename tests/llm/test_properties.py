"""Whatever a gateway sends, it is an answer or a typed error; whatever is stored, PostgreSQL can store."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.llm.errors import LlmError
from reviews.llm.injection import first_injection
from reviews.llm.redact import redacted
from reviews.llm.source import excerpt, lines_of
from reviews.llm.tools import read_diagram, read_verdict
from reviews.llm.wire import read_answer
from tests.llm.gateway import ALLOW, completion

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = ("choices", "message", "tool_calls", "function", "name", "arguments", "usage", "model", "error")


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_answer_or_an_error(body: bytes) -> None:
    with suppress(LlmError):
        read_answer(body)


@given(field=st.sampled_from(FIELDS), value=JSON)
def test_any_field_of_a_completion_may_be_anything(field: str, value: Any) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "submit_verdict", "arguments": "{}"}}
    body = replaced(completion({"role": "assistant", "tool_calls": [call]}), field, value)
    with suppress(LlmError):
        read_answer(json.dumps(body).encode())


@given(field=st.sampled_from([*ALLOW, "extra"]), value=JSON)
def test_any_argument_of_a_verdict_may_be_anything(field: str, value: Any) -> None:
    try:
        verdict = read_verdict(json.dumps(ALLOW | {field: value}))
    except LlmError:
        return
    assert verdict.verdict in {"allow", "reject", "suspicious"}
    assert 0 <= verdict.confidence <= 1


@given(arguments=st.text())
def test_any_text_is_a_diagram_or_an_error(arguments: str) -> None:
    with suppress(LlmError):
        read_diagram(arguments)


@given(value=JSON)
def test_anything_can_be_stored(value: Any) -> None:
    kept = json.dumps(redacted({"\0": value, "a": [value, "\ud800"]}), ensure_ascii=False)
    assert "\\u0000" not in kept
    assert kept.encode("utf-8")


@given(raw=st.binary(max_size=400), max_chars=st.integers(min_value=0, max_value=500))
def test_what_is_sent_is_a_beginning_within_its_limit(raw: bytes, max_chars: int) -> None:
    whole = excerpt({"a.py": lines_of(raw)}, max_chars=10_000).files["a.py"]
    sent = excerpt({"a.py": lines_of(raw)}, max_chars=max_chars)
    assert len(sent.files["a.py"]) <= max_chars
    assert whole.startswith(sent.files["a.py"])
    assert bool(sent.left_out) == (sent.files["a.py"] != whole)


@given(lines=st.lists(st.text(), max_size=5))
def test_any_source_is_searched(lines: list[str]) -> None:
    found = first_injection(lines)
    assert found is None or 0 <= found < len(lines)


@pytest.mark.parametrize(
    "beginning",
    [
        "eyJaaaaaaaa-",
        "eyJaaaaaaaa.",
        "bearer ",
        "-----BEGIN PRIVATE KEY",
        "://a:b",
        "token = ",
        "sk-",
        "'",
        " ",
    ],
)
def test_mere_beginnings_are_searched_in_one_pass(beginning: str) -> None:
    hostile = beginning * (300_000 // len(beginning))
    assert redacted(hostile)
    assert first_injection([hostile]) is None


def replaced(node: Any, field: str, value: Any) -> Any:
    """`node` with every field of that name replaced."""
    if isinstance(node, list):
        return [replaced(item, field, value) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: value if key == field else replaced(item, field, value) for key, item in node.items()}
