"""The one place that talks to an LLM gateway: chat completions of any OpenAI-compatible one.

A gateway is not trusted to be quick, brief or honest about its sizes. Each try has one clock over everything,
from the connection to the last byte (asyncio, because a time-out per read lets a slow drip go on for ever).
The answer is counted while it is read, and compression, which would hide its size, is refused. Redirects are
not followed, so that the key goes to the configured address only.
"""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2

from reviews.llm import errors
from reviews.llm.errors import LlmError
from reviews.llm.tools import specifications
from reviews.llm.wire import Answer, read_answer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_ANSWER_BYTES = 1 << 20
MAX_ANSWER_TOKENS = 8_192
MAX_ERROR_CHARACTERS = 4_000  # of a failure's body that a transcript keeps
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 10.0
REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERRORS = 408, 429, 500
NO_KEY = "none"  # the client insists on a key; gateways of one's own often do not

Message = dict[str, Any]


@dataclass(frozen=True)
class Try:
    """One request: an answer, or the error in its place."""

    seconds: float
    answer: Answer | None = None
    error: LlmError | None = None


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Where to ask, and how long to wait; `timeout_seconds` is the limit of one try."""

    base_url: str
    model: str
    timeout_seconds: float
    max_retries: int
    api_key: str = field(default="", repr=False)

    def ask(self, messages: Sequence[Message], *, tool: str) -> list[Try]:
        """Every try at getting `tool` called, oldest first; the last one has the answer or the final error.

        Takes at most `longest_call_seconds`. Must not be called from a running event loop.
        """
        request = {
            "model": self.model,
            "messages": list(messages),
            "tools": specifications(),
            "tool_choice": {"type": "function", "function": {"name": tool}},
            "parallel_tool_calls": False,
            "temperature": 0,
            "max_tokens": MAX_ANSWER_TOKENS,
        }
        return asyncio.run(self._until_answered(request))

    async def _until_answered(self, request: dict[str, Any]) -> list[Try]:
        tries = [await self._try(request)]
        while (error := tries[-1].error) and error.transient and len(tries) <= self.max_retries:
            await asyncio.sleep(wait_seconds(error, tries=len(tries)))
            tries.append(await self._try(request))
        return tries

    async def _try(self, request: dict[str, Any]) -> Try:
        began = time.monotonic()
        try:
            answer = read_answer(await self._send(request))
        except LlmError as error:
            return Try(time.monotonic() - began, error=error)
        return Try(time.monotonic() - began, answer=answer)

    async def _send(self, request: dict[str, Any]) -> bytes:
        """The body of an answer with status 200; an `LlmError` for anything else."""
        import openai  # heavy, and most processes never ask

        try:
            async with asyncio.timeout(self.timeout_seconds), self._client() as client:
                response = await client.chat.completions.with_raw_response.create(**request)
        except (TimeoutError, openai.APITimeoutError):
            raise errors.TimedOut(f"no whole answer in {self.timeout_seconds:g} s") from None
        except openai.APIStatusError as error:
            raise refusal_of(error.response) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise errors.Unreachable(f"{type(error).__name__}: {error.__cause__ or error}"[:300]) from None
        if "json" not in response.headers.get("content-type", ""):
            raise errors.AnswerNotCompletion("not JSON by its type", received=_text(response.http_response))
        return bytes(response.content)

    def _client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI

        http = httpx2.AsyncClient(
            verify=trust(),
            timeout=self.timeout_seconds,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_bound]},
        )
        return AsyncOpenAI(
            base_url=self.base_url, api_key=self.api_key or NO_KEY, max_retries=0, http_client=http
        )


@cache
def trust() -> ssl.SSLContext:
    """The certificate authorities, read once: that costs more than all the rest of a request."""
    return httpx2.create_ssl_context()


def longest_call_seconds(timeout_seconds: float, max_retries: int) -> float:
    """The longest that `Gateway.ask` takes."""
    return timeout_seconds * (1 + max_retries) + LONGEST_WAIT_SECONDS * max_retries


def wait_seconds(error: LlmError, *, tries: int) -> float:
    """How long to wait after the try number `tries`: as long as the gateway asks, within our patience."""
    asked = getattr(error, "retry_after", None)
    wait = FIRST_WAIT_SECONDS * 2 ** (tries - 1) if asked is None else asked
    return float(min(wait, LONGEST_WAIT_SECONDS))


def refusal_of(response: httpx2.Response) -> LlmError:
    """The error that a status other than 200 stands for."""
    detail, received = f"status {response.status_code}", _text(response)
    if response.status_code == TOO_MANY_REQUESTS:
        return errors.RateLimited(detail, received=received, retry_after=_retry_after(response))
    if response.status_code == REQUEST_TIMEOUT or response.status_code >= SERVER_ERRORS:
        return errors.GatewayFailed(detail, received=received)
    return errors.GatewayRefused(detail, received=received)


def _retry_after(response: httpx2.Response) -> float | None:
    """Whole seconds; the date that the header may hold instead is passed over."""
    asked = response.headers.get("retry-after", "").strip()
    return float(asked) if re.fullmatch(r"[0-9]{1,6}", asked) else None


def _text(response: httpx2.Response) -> str:
    return response.content.decode("utf-8", "replace")[:MAX_ERROR_CHARACTERS]


async def _bound(response: httpx2.Response) -> None:
    """Called with the headers of every answer, before a byte of its body is read."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise errors.AnswerEncoded("compressed")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with `AnswerTooLarge` instead of going on for ever."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self.stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for piece in self.stream:
            received += len(piece)
            if received > MAX_ANSWER_BYTES:
                raise errors.AnswerTooLarge(f"over {MAX_ANSWER_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self.stream.aclose()
