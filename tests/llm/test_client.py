"""The client against a real gateway that misbehaves: a typed error each, in bounded time and memory."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reviews.llm import client
from reviews.llm.client import Gateway, Try, longest_call_seconds, wait_seconds
from reviews.llm.errors import GatewayFailed, LlmError, RateLimited
from reviews.llm.tools import SUBMIT_MERMAID, SUBMIT_VERDICT
from tests.llm import gateway as made
from tests.llm.gateway import DIAGRAM, KEY, MODEL, Manner, serving

QUESTION = [{"role": "user", "content": "What does `pass` do?"}]
ANSWER = json.dumps(DIAGRAM)
ROOT = Path(__file__).parents[2]
PATIENT_SECONDS = 60.0
IMPATIENT_SECONDS = 0.4


def ask(
    url: str, *, timeout_seconds: float = PATIENT_SECONDS, max_retries: int = 0, key: str = KEY
) -> list[Try]:
    gateway = Gateway(
        base_url=url, model=MODEL, timeout_seconds=timeout_seconds, max_retries=max_retries, api_key=key
    )
    return gateway.ask(QUESTION, tool=SUBMIT_MERMAID)


def error_of(one: Try) -> LlmError:
    assert one.answer is None
    assert one.error is not None
    return one.error


def test_question_forces_one_tool_at_temperature_zero() -> None:
    with serving(made.behave()) as server:
        ask(server.url)
    [body] = server.requests
    assert body["tool_choice"] == {"type": "function", "function": {"name": SUBMIT_MERMAID}}
    assert [tool["function"]["name"] for tool in body["tools"]] == [SUBMIT_MERMAID, SUBMIT_VERDICT]
    assert body["temperature"] == 0
    assert body["max_tokens"] == client.MAX_ANSWER_TOKENS
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["Accept-Encoding"] == "identity"


def test_answer_carries_arguments_model_and_tokens() -> None:
    with serving(made.behave()) as server:
        [one] = ask(server.url)
    assert one.answer is not None
    assert json.loads(one.answer.arguments) == DIAGRAM
    assert one.answer.model == f"{MODEL}-0613"
    assert (one.answer.prompt_tokens, one.answer.completion_tokens) == (1_000, 50)


@pytest.mark.parametrize("finish_reason", ["stop", "tool_calls", "tool_use"])
def test_gateways_name_the_end_of_a_forced_tool_as_they_like(finish_reason: str) -> None:
    with serving(made.call((SUBMIT_MERMAID, ANSWER), finish_reason=finish_reason)) as server:
        [one] = ask(server.url)
    assert one.answer is not None


def test_blanks_that_keep_a_connection_alive_are_no_answer() -> None:
    call = {"id": "1", "type": "function", "function": {"name": SUBMIT_MERMAID, "arguments": ANSWER}}
    with serving(made.send_as(b"\n \n \n" + tool_calls([call]))) as server:
        [one] = ask(server.url)
    assert one.answer is not None


def test_gateway_of_ones_own_needs_no_key() -> None:
    with serving(made.behave()) as server:
        [one] = ask(server.url, key="")
    assert one.answer is not None


@pytest.mark.parametrize("key", ["ключ", "two\nlines", "\ud800"])
def test_key_that_no_header_can_hold_is_an_error_without_it(key: str) -> None:
    with serving(made.behave()) as server:
        [one] = ask(server.url, key=key)
        assert server.requests == []
    assert error_of(one).code == "unreachable"
    assert key not in str(one.error)


def test_key_is_not_part_of_what_a_gateway_says_of_itself() -> None:
    gateway = Gateway(base_url="http://x/v1", model=MODEL, timeout_seconds=1, max_retries=0, api_key=KEY)
    assert KEY not in repr(gateway)


def without_choices(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def tool_calls(value: Any) -> bytes:
    return json.dumps(made.completion({"role": "assistant", "tool_calls": value})).encode()


COMPLETION = json.dumps(made.completion({"role": "assistant", "content": "hello"})).encode()
MISBEHAVIOUR: dict[str, tuple[Manner, str]] = {
    "text": (made.say("I think it is fine."), "no_tool"),
    "empty": (made.say(None), "no_tool"),
    "refusal": (made.say(None, refusal="I can't help with that."), "model_refused"),
    "content filter": (made.call(finish_reason="content_filter"), "model_refused"),
    "two tools": (made.call((SUBMIT_MERMAID, ANSWER), (SUBMIT_VERDICT, "{}")), "several_tools"),
    "one tool twice": (made.call((SUBMIT_MERMAID, ANSWER), (SUBMIT_MERMAID, ANSWER)), "several_tools"),
    "out of tokens": (made.call((SUBMIT_MERMAID, ANSWER[:9]), finish_reason="length"), "answer_truncated"),
    "truncated body": (made.send_as(COMPLETION[:40]), "answer_not_completion"),
    "no JSON": (made.send_as(b"<html>"), "answer_not_completion"),
    "empty body": (made.send_as(b""), "answer_not_completion"),
    "invalid UTF-8": (made.send_as(b'{"choices": "\xff"}'), "answer_not_completion"),
    "deep nesting": (made.send_as(b"[" * 100_000), "answer_not_completion"),
    "long number": (made.send_as(b"1" * 100_000), "answer_not_completion"),
    "array": (made.send_as(b"[]"), "answer_not_completion"),
    "no choices": (made.send_as(without_choices(model="x")), "answer_not_completion"),
    "zero choices": (made.send_as(without_choices(choices=[])), "answer_not_completion"),
    "wrong types": (made.send_as(without_choices(choices="many")), "answer_not_completion"),
    "arguments as object": (
        made.send_as(tool_calls([{"function": {"name": SUBMIT_MERMAID, "arguments": DIAGRAM}}])),
        "answer_not_completion",
    ),
    "nameless tool": (made.send_as(tool_calls([{"function": {"arguments": ""}}])), "answer_not_completion"),
    "negative usage": (
        made.send_as(json.dumps(made.completion({}, usage={"prompt_tokens": -1})).encode()),
        "answer_not_completion",
    ),
    "web page": (made.send_as(COMPLETION, "text/html"), "answer_not_completion"),
    "event stream": (made.send_as(b"data: {}\n\n", "text/event-stream"), "answer_not_completion"),
    "impossible charset": (made.send_as(b"\xff", "text/plain; charset=base64"), "answer_not_completion"),
    "gzip bomb": (
        made.send_as(gzip.compress(b" " * 50_000_000), content_encoding="gzip"),
        "answer_encoded",
    ),
    "unknown encoding": (made.send_as(COMPLETION, content_encoding="x-mine"), "answer_encoded"),
    "error in a 200": (made.send_as(without_choices(error={"message": "overloaded"})), "gateway_failed"),
    "flood": (made.flood, "answer_too_large"),
    "hang up": (made.hang_up, "unreachable"),
    "400": (made.status(400), "gateway_refused"),
    "401": (made.status(401), "gateway_refused"),
    "404": (made.status(404, "a string"), "gateway_refused"),
    "408": (made.status(408), "gateway_failed"),
    "429": (made.status(429), "rate_limited"),
    "500": (made.status(500), "gateway_failed"),
    "503 in another charset": (
        made.status(503, Content_Type="text/plain; charset=utf-7"),
        "gateway_failed",
    ),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_misbehaviour_is_a_typed_error(name: str) -> None:
    manner, code = MISBEHAVIOUR[name]
    with serving(manner) as server:
        [one] = ask(server.url)
    assert error_of(one).code == code


@pytest.mark.parametrize("manner", [made.hang, made.drip, made.drip_headers])
def test_silence_and_slow_drips_end_with_the_clock(manner: Manner) -> None:
    with serving(manner) as server:
        [one] = ask(server.url, timeout_seconds=IMPATIENT_SECONDS)
    assert error_of(one).code == "timed_out"


def test_nobody_listening_is_unreachable() -> None:
    with serving(made.behave()) as server:
        url = server.url
    [one] = ask(url)
    assert error_of(one).code == "unreachable"


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "http://127.0.0.1:0/v1", "http://no-host.invalid/v1"]
)
def test_bad_address_is_unreachable(url: str) -> None:
    assert error_of(ask(url)[0]).code == "unreachable"


def test_flood_is_left_after_the_cap() -> None:
    with serving(made.flood) as server:
        ask(server.url)
        buffered = 16 * client.MAX_ANSWER_BYTES  # on its way through the sockets when the client hung up
        assert server.bytes_sent < client.MAX_ANSWER_BYTES + buffered


def test_key_does_not_follow_a_redirect() -> None:
    with serving(made.behave()) as elsewhere:
        with serving(made.status(307, location=f"{elsewhere.url}/chat/completions")) as server:
            [one] = ask(server.url)
        assert error_of(one).code == "gateway_refused"
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "failure", [made.status(429, retry_after="1"), made.status(500), made.status(502), made.hang_up]
)
def test_passing_failure_is_retried(failure: Manner) -> None:
    with serving(failure, made.behave()) as server:
        tries = ask(server.url, max_retries=1)
    assert [one.answer is not None for one in tries] == [False, True]


def test_time_out_is_retried() -> None:
    with serving(made.hang, made.behave()) as server:
        tries = ask(server.url, timeout_seconds=IMPATIENT_SECONDS, max_retries=10)
    assert error_of(tries[0]).code == "timed_out"
    assert tries[-1].answer is not None


def test_retries_end() -> None:
    with serving(made.status(500)) as server:
        tries = ask(server.url, max_retries=3)
    assert [error_of(one).code for one in tries] == ["gateway_failed"] * 4


@pytest.mark.parametrize("manner", [made.status(401), made.say("no"), made.flood])
def test_lasting_failure_is_not_retried(manner: Manner) -> None:
    with serving(manner) as server:
        assert len(ask(server.url, max_retries=3)) == 1


def test_gateway_decides_how_long_to_wait_within_our_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST_WAIT_SECONDS", 10.0)
    assert wait_seconds(RateLimited(retry_after=3.0), tries=1) == 3.0
    assert wait_seconds(RateLimited(retry_after=0.0), tries=1) == 0.0
    assert wait_seconds(RateLimited(retry_after=86_400.0), tries=1) == 10.0
    assert [wait_seconds(GatewayFailed(), tries=tries) for tries in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 10.0]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("-1", None), ("nan", None), ("1e9", None), ("9" * 99, None)],
)
def test_retry_after_is_whole_seconds_or_nothing(header: str, seconds: float | None) -> None:
    with serving(made.status(429, retry_after=header)) as server:
        [one] = ask(server.url)
    assert isinstance(one.error, RateLimited)
    assert one.error.retry_after == seconds


def test_longest_call_counts_tries_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST_WAIT_SECONDS", 10.0)
    assert longest_call_seconds(60, 0) == 60
    assert longest_call_seconds(60, 2) == 3 * 60 + 2 * 10


def test_process_that_asks_nothing_does_not_load_the_client_library() -> None:
    code = "import reviews.llm.client, sys; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
