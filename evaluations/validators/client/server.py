"""The one place that talks to a server's assignment routes, always with a time limit."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from evaluations.validators.client.errors import AddressRefused, ServerRefused, ServerUnreachable

SECONDS = 15.0  # for an answer; much less than a lease
NEXT_SECONDS = 120.0  # the first question of a mode may have the server lay out a text
RESULT_SECONDS = 60.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ROUTES = "/internal/v1/validators/assignments"


@dataclass(frozen=True)
class Assigned:
    """An assignment as it came; `answer` is the whole body."""

    id: str
    specification: dict[str, Any]
    lease_seconds: float
    answer: dict[str, Any]


class Server:
    """The calls of one validator; every one raises `ServerRefused` or `ServerUnreachable`."""

    def __init__(self, url: str, *, token: str, hotkey: str) -> None:
        check_address(url)
        headers = {"Authorization": f"Bearer {token}", "X-Validator-Hotkey": hotkey}
        self._http = httpx2.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=SECONDS, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def next(self, modes: list[str]) -> Assigned | None:
        """The next assignment, or None where none waits."""
        answer = self._post("next", {"modes": modes}, NEXT_SECONDS)
        if answer is None:
            return None
        try:
            return Assigned(
                str(answer["id"]), dict(answer["specification"]), float(answer["lease_seconds"]), answer
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ServerUnreachable(f"the answer is no assignment: {error}") from error

    def accept(self, assignment_id: str, *, first: int, lines: list[str]) -> int:
        """Take it on, or renew its lease; the number of progress lines that the server knows."""
        answer = self._post(f"{assignment_id}/accept", {"first": first, "lines": lines}, SECONDS)
        return int((answer or {}).get("lines_known", first))

    def reject(self, assignment_id: str, reason: str) -> None:
        """Give it back."""
        self._post(f"{assignment_id}/reject", {"reason": reason[:1000]}, SECONDS)

    def result(self, assignment_id: str, manifest: dict[str, Any]) -> None:
        """Hand over the outcome; the same may be sent again."""
        self._post(f"{assignment_id}/result", {"manifest": manifest}, RESULT_SECONDS)

    def _post(self, route: str, body: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        try:
            response = self._http.post(f"{ROUTES}/{route}", json=body, timeout=seconds)
            found = response.json() if response.content else None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise ServerUnreachable(f"{type(error).__name__}: {error}"[:300]) from error
        if response.is_success:
            return found if isinstance(found, dict) else None
        problem = found if isinstance(found, dict) else {}
        detail = str(problem.get("detail") or problem.get("title") or "")
        raise ServerRefused(response.status_code, str(problem.get("code", "no_problem_details")), detail)


def check_address(url: str) -> None:
    """https, or http to this host; raises `AddressRefused`, because the token would be seen."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise AddressRefused(f"{url}: https, or http to this very host")
