"""The broker backend: an attempt's folder here, its container wherever the platform's broker puts it.

`launch` starts a courier that makes the one call; the other verbs look at what it left, and ask the broker
only about jobs that a courier may have started there.
"""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from evaluations.backends import folders, local
from evaluations.backends.broker import token
from evaluations.backends.broker.backoff import Patience
from evaluations.backends.broker.client import Broker
from evaluations.backends.broker.courier import Order, answer_in
from evaluations.backends.broker.errors import BrokerError, BrokerUnreachable, CallCut, JobTooLarge
from evaluations.backends.broker.notes import (
    ANSWER,
    CALLING,
    ORDER,
    PHASE,
    REQUEST,
    read_json,
    write_bytes,
    write_json,
)
from evaluations.backends.broker.orders import (
    BACKEND,
    COMMAND,
    OUTPUT_MOUNT,
    gpu_count_of,
    mounts_of,
    seal_key,
)
from evaluations.backends.broker.request import MAX_TIMEOUT_SECONDS, Walls, run_request
from evaluations.backends.container_limits import NOBODY
from evaluations.backends.jobs import (
    BackendFault,
    BackendUnavailable,
    Ending,
    Fault,
    JobSpec,
    JobState,
    Look,
)
from evaluations.backends.prepare import JOB
from evaluations.backends.results import ending_in
from evaluations.runner.job import Job
from prism_site.config import env

COURIER = [sys.executable, "-m", "evaluations.backends.broker.courier"]
PACKING_SECONDS = 60.0  # for what runs in the container after the referee
COURIER_MORE_SECONDS = 600.0  # beyond run and patience, for settling a call that was cut
SILENCE_SECONDS = 10.0  # in which a broker that did not answer is not asked again
Answered = TypeVar("Answered")
LABEL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,9}")


class BrokerBackend:
    """Six verbs over an attempt's folder and the broker's three routes."""

    name = BACKEND
    silent_until: ClassVar[float] = 0.0  # by the monotonic clock

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()

    def prepare(self, spec: JobSpec) -> None:
        """Write the request and the courier's order; raise `BackendFault`."""
        job = Job.read(spec.folder / JOB)
        limit_seconds = min(spec.limit_seconds, MAX_TIMEOUT_SECONDS - PACKING_SECONDS)
        try:
            mounts = mounts_of(
                job, label=spec.label, limit_seconds=limit_seconds, texts_dir=env().docker_broker_texts_dir
            )
        except JobTooLarge as error:
            raise _fault(error.code, str(error)) from error
        body = run_request(
            job_id=spec.label,
            task_id=job.mode,
            image=spec.image,
            command=COMMAND,
            walls=_walls(spec, job),
            mounts=mounts,
            timeout_seconds=limit_seconds + PACKING_SECONDS,
        )
        write_bytes(spec.folder / REQUEST, body)
        write_json(spec.folder / ORDER, asdict(self._order(spec.label, limit_seconds + PACKING_SECONDS)))

    def launch(self, spec: JobSpec) -> None:
        """Start the courier, detached; nothing if it was started before. Raise `BackendFault`."""
        if not spec.image:
            raise _fault("broker_image", "PRISM_PLATFORM_EVAL_IMAGE names no image")
        token.write()
        more = PACKING_SECONDS + self._patience.total_seconds + COURIER_MORE_SECONDS
        command = [*COURIER, str(spec.folder)]
        local.launch(spec.folder, command, limit_seconds=spec.limit_seconds + more)

    def poll(self, label: str) -> Look:
        """How the courier stands: its job has ended when it has left an answer, or is no more."""
        folder = folders.folder_of(label)
        phase = read_json(folder / PHASE) or {}
        handle = {**(local.read_handle(folder) or {}), **phase, "job_id": label}
        state = local.poll(folder)
        ended = state is JobState.RUNNING and (folder / ANSWER).exists()
        return Look(JobState.ENDED if ended else state, handle)

    def collect(self, label: str) -> Ending:
        """What the courier took from the answer; a fault where there was nothing to take."""
        folder = folders.folder_of(label)
        answer = answer_in(folder)
        if answer is None:
            return Ending(manifest=None, fault=_courier_lost(folder))
        if answer.code:
            return Ending(manifest=None, fault=Fault(answer.code, answer.detail, counted=answer.counted))
        return ending_in(folder, answer.exit_code)

    def stop(self, label: str) -> None:
        """End the courier, and the container unless the broker has said how it ended."""
        folder = folders.folder_of(label)
        local.stop(folder)
        if not (folder / ANSWER).exists():
            self._cleanup(label)

    def clean(self, label: str) -> None:
        """Have the broker remove what it may still keep of the job, then what the folder need not keep."""
        self._cleanup(label)
        folders.clean(label)

    def strays(self) -> list[str]:
        """Labels of all jobs that the broker runs for our slug."""
        listed = self._asked(lambda broker: broker.list())
        return sorted({one.job_id for one in listed if LABEL.fullmatch(one.job_id)})

    def _cleanup(self, label: str) -> None:
        """Nothing where no courier of this host has called; a folder of another host says nothing."""
        folder = folders.folder_of(label)
        if (folder / PHASE).exists() or not folder.is_dir():
            self._asked(lambda broker: broker.cleanup(label))

    def _asked(self, question: Callable[[Broker], Answered]) -> Answered:
        """The broker's answer; raise `BackendUnavailable`, at once where it was silent a moment ago."""
        if time.monotonic() < BrokerBackend.silent_until:
            raise BackendUnavailable("the broker did not answer a moment ago")
        try:
            with Broker(
                env().docker_broker_url, slug=env().docker_broker_slug, token=token.current
            ) as broker:
                return question(broker)
        except BrokerError as error:
            if isinstance(error, BrokerUnreachable | CallCut):
                BrokerBackend.silent_until = time.monotonic() + SILENCE_SECONDS
            raise BackendUnavailable(f"{error.code}: {error}") from error

    def _order(self, label: str, run_seconds: float) -> Order:
        return Order(
            url=env().docker_broker_url,
            slug=env().docker_broker_slug,
            token_file=str(token.path()),
            label=label,
            key=seal_key(label).hex(),
            mount=OUTPUT_MOUNT,
            run_seconds=run_seconds,
            patience=asdict(self._patience),
        )


def _walls(spec: JobSpec, job: Job) -> Walls:
    limits = spec.limits
    return Walls(
        cpus=limits.cpus,
        memory_bytes=limits.memory_bytes,
        pids=limits.pids,
        open_files=limits.open_files,
        tmp_bytes=limits.tmp_bytes,
        user=f"{NOBODY}:{NOBODY}",
        gpu_count=gpu_count_of(job),
        network=limits.network,
        read_only=limits.read_only,
    )


def _courier_lost(folder: Path) -> Fault:
    """Whether a call had been made decides whether the job may have run."""
    phase: dict[str, Any] = read_json(folder / PHASE) or {}
    if phase.get("phase") == CALLING:
        return Fault("job_courier_lost", "the courier died during its call; what ran was ended")
    return Fault("broker_courier", "the courier died before it called", counted=False)


def _fault(code: str, sentence: str) -> BackendFault:
    fault = BackendFault(sentence)
    fault.code = code
    return fault
