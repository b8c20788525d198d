"""The one place that talks to the platform's broker, always with a time limit and a cap on the answer."""

import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx2

from evaluations.backends.broker import answers
from evaluations.backends.broker.errors import (
    AnswerInvalid,
    BrokerBusy,
    BrokerError,
    BrokerFailed,
    BrokerRefused,
    BrokerTokenRefused,
    BrokerUnreachable,
    CallCut,
)

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0  # for list and cleanup
WRITE_SECONDS = 120.0  # for a part of a request to be taken
MAX_RUN_BYTES = 256 << 20
MAX_ANSWER_BYTES = 8 << 20
MAX_REFUSAL_BYTES = 64 << 10
MAX_RETRY_AFTER_SECONDS = 600.0
RUN, LIST, CLEANUP = "/v1/docker/run", "/v1/docker/list", "/v1/docker/cleanup"
# A peer that lost its power says nothing; the kernel notices after about three minutes.
KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 20),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 6),
]


class Broker:
    """The three calls; `token` is asked for each time, so that a new one is used as soon as it is there.

    Every call raises `BrokerUnreachable` where nothing was sent, `CallCut` where the answer did not come
    whole, `AnswerInvalid` for one that is none, and for a refusal `BrokerTokenRefused`, `BrokerBusy`,
    `BrokerRefused` or `BrokerFailed`.
    """

    def __init__(self, url: str, *, slug: str, token: Callable[[], str]) -> None:
        self._slug, self._token = slug, token
        transport = httpx2.HTTPTransport(socket_options=KEEP_ALIVE, trust_env=False)
        self._http = httpx2.Client(
            base_url=url.rstrip("/"), transport=transport, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def run(self, body: bytes, *, seconds: float) -> answers.RunAnswer:
        """Carry out a request of `request.run_request`; blocks until the job has ended, at most `seconds`."""
        return answers.run_answer(self._post(RUN, body, seconds, MAX_RUN_BYTES))

    def list(self, job_id: str | None = None) -> list[answers.Listed]:
        """Our containers, or those of one job; raises `AnswerInvalid` too."""
        asked = {} if job_id is None else {"job_id": job_id}
        return answers.list_answer(self._post_json(LIST, asked))

    def cleanup(self, job_id: str) -> None:
        """End and remove whatever there is of a job; nothing if there is nothing."""
        answers.cleanup_answer(self._post_json(CLEANUP, {"job_id": job_id}))

    def _post_json(self, path: str, body: dict[str, str]) -> bytes:
        encoded = httpx2.Request("POST", "http://broker", json=body).read()
        return self._post(path, encoded, ANSWER_SECONDS, MAX_ANSWER_BYTES)

    def _post(self, path: str, body: bytes, seconds: float, max_bytes: int) -> bytes:
        token = self._token()
        limits = httpx2.Timeout(seconds, connect=CONNECT_SECONDS, write=WRITE_SECONDS)
        try:
            with self._http.stream(
                "POST", path, content=body, headers=self._headers(token), timeout=limits
            ) as response:
                cap = max_bytes if response.is_success else MAX_REFUSAL_BYTES
                found = _read(response, cap)
        except (
            httpx2.ConnectError,
            httpx2.ConnectTimeout,
            httpx2.InvalidURL,
            httpx2.UnsupportedProtocol,
        ) as error:
            raise BrokerUnreachable(_said(error)) from error
        except (httpx2.HTTPError, OSError) as error:
            raise CallCut(_said(error)) from error
        if not response.is_success:
            raise _refusal(response, answers.detail_of(found).replace(token, "***"))
        return found

    def _headers(self, token: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token}",
            "X-Base-Challenge-Slug": self._slug,
            "X-Platform-Challenge-Slug": self._slug,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }


def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    """The body as it came; raise `AnswerInvalid` for one that is longer, or compressed unasked."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise AnswerInvalid("the answer is compressed")
    found = bytearray()
    for piece in response.iter_raw():
        found += piece
        if len(found) > max_bytes:
            raise AnswerInvalid(f"the answer is more than {max_bytes} bytes")
    return bytes(found)


def _refusal(response: httpx2.Response, detail: str) -> BrokerError:
    status, sentence = response.status_code, f"status {response.status_code}: {detail}"
    if status == 401:
        return BrokerTokenRefused(sentence)
    if status == 429:
        return BrokerBusy(sentence, _retry_after(response))
    return BrokerFailed(sentence) if status >= 500 else BrokerRefused(sentence)


def _retry_after(response: httpx2.Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), MAX_RETRY_AFTER_SECONDS) if text.isdecimal() else 0.0


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
