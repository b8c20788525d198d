"""The seam between the queue and where runs are carried out: a frozen `JobSpec`, the verbs of a `Backend`.

An attempt has a folder on the host that claimed it, whatever carries its run out, and all that the rest of
the house knows of a job lies there:

    JOB.json           the frozen run, with paths of this host; `prepare.prepare` writes it
    bundle/            the submitted files
    progress.jsonl     what the referee said so far; a backend keeps it up to date in `launch` or `poll`
    referee.log        what it complained about
    prism_run_manifest.v2.json, curve.npz, final.safetensors, learner.log
                       its results, at the latest when `collect` has returned

A backend is an object of six verbs, each idempotent: it may be called twice, at the same time as another
worker calls it, or by a worker that launched nothing. Its memory is the folder and the place where jobs run,
never the process. `prepare` and `launch` are called under the host's launch lock with a spec; the others know
the label alone, because whoever calls them may have started a minute ago. What a backend cannot do it says
with a `BackendFault`: from `prepare` and `launch` it costs the run none of its attempts; `BackendUnavailable`
from the other verbs means "nobody knows", and nothing is decided until the attempt's lease has run out.
`collect` tells by an `Ending` what became of the job; a new backend is added to `registry.of`.
"""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from evaluations.backends.container_limits import ContainerLimits


class BackendFault(Exception):
    """A backend could not do what was asked; never the submission's fault."""

    code = "host_backend"


class BackendUnavailable(BackendFault):
    """What carries out the jobs does not answer: how they stand is unknown."""

    code = "host_backend_unavailable"


class LaunchFailed(BackendFault):
    """The job could not be started."""

    code = "host_launch_failed"


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """One attempt as a backend is given it."""

    label: str  # `<run id>.<fencing token>`: the job's name wherever it runs
    folder: Path  # of the attempt on this host, made by `prepare.prepare`
    limit_seconds: float  # after which the backend ends the job
    limits: ContainerLimits  # for a backend that builds walls around the run's own
    image: str = ""  # of the evaluator, by digest; empty where the backend needs none


class JobState(Enum):
    """What a look at a job says."""

    ABSENT = "absent"  # never started here
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class Look:
    """How a job stands, and what identifies it to whoever looks for it by hand."""

    state: JobState
    handle: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """Why a job ended without a manifest, where the backend knows; uncounted where the job was not tried."""

    code: str
    detail: str
    counted: bool = True


@dataclass(frozen=True)
class Ending:
    """What an ended job left: a checked manifest, or how it came to have none (`results.ending_in`)."""

    manifest: dict[str, Any] | None
    exit_code: int | None = None  # the referee's, negative for a signal; None where nobody could see it
    fault: Fault | None = None


class Backend(Protocol):
    """Where jobs are carried out."""

    @property
    def name(self) -> str:
        """What `Attempt.backend` says."""

    def prepare(self, spec: JobSpec) -> None:
        """Make whatever the job needs beside its folder; raise `BackendFault`."""

    def launch(self, spec: JobSpec) -> None:
        """Start the job, detached; nothing if it was started before. Raise `BackendFault`."""

    def poll(self, label: str) -> Look:
        """How the job stands; raise `BackendUnavailable`."""

    def collect(self, label: str) -> Ending:
        """The outcome of an ended job, its files put into the folder; raise `BackendUnavailable`."""

    def stop(self, label: str) -> None:
        """End whatever still lives of the job; raise `BackendUnavailable`."""

    def clean(self, label: str) -> None:
        """Remove all that need not be kept, last the folder's part by `folders.clean`.

        Raises:
            BackendUnavailable: something is left, and the folder keeps its mark.
        """

    def strays(self) -> list[str]:
        """Labels of jobs found at the backend's own place, whether or not this host has a folder of them.

        Raises:
            BackendUnavailable: nobody knows.
        """
