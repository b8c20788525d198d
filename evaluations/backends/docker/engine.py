"""The container engine behind a few verbs, each with a time limit; what it says comes back as `Container`.

Speaks to the engine of `PRISM_DOCKER_HOST`, else of `DOCKER_HOST`, else of the usual socket.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException, Timeout

from evaluations.backends.docker.errors import EngineUnavailable, ImageMissing
from evaluations.backends.jobs import JobState, LaunchFailed
from prism_site.config import env

ENGINE_SECONDS = 10  # for one answer of the engine
SILENCE_SECONDS = 10.0  # in which an engine that hung is not asked again: a tick has little time
CONFLICT = 409
SIGNALLED = 128  # exit statuses above it name the signal that ended a process
LIVING = {"running", "paused", "restarting", "removing"}
NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class Container:
    """What the engine says of one container."""

    id: str
    status: str
    labels: dict[str, str]
    exit_status: int
    oom_killed: bool
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def state(self) -> JobState:
        """A container that was made and never started is no job yet."""
        if self.status == "created":
            return JobState.ABSENT
        return JobState.RUNNING if self.status in LIVING else JobState.ENDED

    @property
    def exit_code(self) -> int:
        """As of a process of this host: negative for a signal."""
        return SIGNALLED - self.exit_status if self.exit_status > SIGNALLED else self.exit_status

    def seconds(self) -> float:
        """How long it has run, by the engine's clock, or by ours while it runs."""
        if self.started_at is None:
            return 0.0
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()


class Engine:
    """One conversation with the engine; a context manager. Everything raises `EngineUnavailable`."""

    silent_until: ClassVar[float] = 0.0  # by the monotonic clock

    def __init__(self) -> None:
        if time.monotonic() < Engine.silent_until:
            raise EngineUnavailable("the container engine hung a moment ago")
        with _asking():
            self._client: Any = _client()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.close()

    def require_image(self, image: str) -> None:
        """Raise `ImageMissing` unless the engine has it."""
        with _asking():
            try:
                self._client.images.get(image)
            except ImageNotFound as error:
                raise ImageMissing(f"the engine has no {image}: pull or build it on this host") from error

    def create(self, name: str, image: str, command: list[str], **settings: Any) -> None:
        """Make a container, unless there is one of that name; raise `LaunchFailed`, `ImageMissing`."""
        with _launching(ignoring=CONFLICT):
            self._client.containers.create(image, command, name=name, **settings)

    def start(self, name: str) -> None:
        """Start a container that was made; nothing where it was started before. Raise `LaunchFailed`."""
        if (found := self.find(name)) is None or found.state is JobState.ABSENT:
            with _launching():
                self._client.api.start(name)

    def find(self, name: str) -> Container | None:
        """The container of that name."""
        with _asking():
            try:
                return _container(self._client.api.inspect_container(name))
            except NotFound:
                return None

    def labelled(self, *labels: str) -> list[dict[str, str]]:
        """Labels of all containers, running or not, that bear these `key=value`."""
        with _asking():
            found = self._client.api.containers(all=True, filters={"label": list(labels)})
        return [dict(one["Labels"] or {}) for one in found]

    def output(self, name: str, *, stdout: bool, max_bytes: int) -> bytes:
        """The beginning of what a container wrote to one of its streams."""
        content = bytearray()
        with _asking():
            stream = self._client.api.logs(name, stdout=stdout, stderr=not stdout, stream=True, follow=False)
            for piece in stream:
                content += piece
                if len(content) >= max_bytes:
                    stream.close()
                    break
        return bytes(content[:max_bytes])

    def kill(self, name: str) -> None:
        """End a container and wait until it has ended; nothing where there is none that runs."""
        with _asking():
            try:
                self._client.api.kill(name)
                self._client.api.wait(name, timeout=ENGINE_SECONDS)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != CONFLICT:  # it has ended by itself
                    raise

    def remove(self, name: str) -> None:
        """Remove a container with what it kept; nothing where there is none."""
        with _asking():
            try:
                self._client.api.remove_container(name, v=True, force=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != CONFLICT:  # somebody else removes it at this moment
                    raise


def _client() -> Any:
    if address := env().docker_host:
        return docker.DockerClient(base_url=address, timeout=ENGINE_SECONDS)
    return docker.from_env(timeout=ENGINE_SECONDS)


@contextmanager
def _asking() -> Iterator[None]:
    """Silence and nonsense of the engine are one: how its jobs stand is unknown."""
    try:
        yield
    except (DockerException, RequestException) as error:
        if isinstance(error, Timeout) or isinstance(error.__context__, Timeout):
            Engine.silent_until = time.monotonic() + SILENCE_SECONDS
        raise EngineUnavailable(f"the container engine: {str(error)[:300]}") from error


@contextmanager
def _launching(ignoring: int | None = None) -> Iterator[None]:
    """What the engine refuses is a launch that failed, and its sentence says why."""
    with _asking():
        try:
            yield
        except ImageNotFound as error:
            raise ImageMissing(str(error.explanation)) from error
        except APIError as error:
            if error.status_code != ignoring:
                raise LaunchFailed(
                    f"the engine refused the container: {str(error.explanation)[:300]}"
                ) from error


def _container(found: dict[str, Any]) -> Container:
    state = found["State"]
    return Container(
        id=found["Id"],
        status=state["Status"],
        labels=found["Config"]["Labels"] or {},
        exit_status=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        started_at=_moment(state["StartedAt"]),
        finished_at=_moment(state["FinishedAt"]),
    )


def _moment(text: str) -> datetime | None:
    """The engine's times have nanoseconds, and the year 1 where there is none."""
    return None if text == NEVER else datetime.fromisoformat(text)
