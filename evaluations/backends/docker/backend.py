"""The docker backend: a run in a container of its own, closed in by the engine and, inside, by the runner.

The container is the truth: it bears the attempt, its fence and its caps, so any worker of this host can look
after it. No process of ours has to live while it runs. What the engine cannot hold a container to, the length
of the run and the size of its output, is looked at in every `poll`; the runner's own limits and the largest
size of one file stand without anybody looking.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluations.backends import folders
from evaluations.backends.docker import output
from evaluations.backends.docker.engine import Container, Engine
from evaluations.backends.docker.errors import EngineUnavailable
from evaluations.backends.docker.images import allowed
from evaluations.backends.docker.inside import JOB, inside
from evaluations.backends.docker.labels import (
    INSTALLATION,
    attempt_in,
    caps_in,
    installation,
    labels_of,
    name_of,
)
from evaluations.backends.docker.rendering import LOG_BYTES, TMP, render
from evaluations.backends.jobs import Ending, Fault, JobSpec, JobState, Look
from evaluations.backends.prepare import JOB as HOST_JOB
from evaluations.backends.prepare import write_private
from evaluations.backends.results import ending_in
from evaluations.datasets.atomic import atomic_file
from evaluations.runner.job import Job

INSIDE_JOB = "inside.json"
HANDLE, EXIT, ENGINE_GONE = "handle.json", "exit.json", "engine_gone"
COMMAND = ["python", "-m", "evaluations.runner", "run", JOB]
ENVIRONMENT = {
    "HOME": TMP,
    "LANG": "C.UTF-8",
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
LIMIT_PASSED = "limit_passed"
STREAMS = {"progress.jsonl": LOG_BYTES, "referee.log": 1 << 20}


class DockerBackend:
    """`Backend` over a container engine of this host."""

    name = "docker"

    def prepare(self, spec: JobSpec) -> None:
        """Check image and engine; write the job as the container sees it. Raise `BackendFault`."""
        with Engine() as engine:
            engine.require_image(allowed(spec.image))
        job_file, folder = spec.folder / INSIDE_JOB, output.make(spec.folder)
        translated = inside(_job(spec), backend=self.name, job_file=job_file, output=folder)
        write_private(job_file, translated.job.to_json())
        output.give(job_file)
        for mount in translated.mounts:
            output.let_read(mount.source)

    def launch(self, spec: JobSpec) -> None:
        """Make and start the container; nothing if it was started before. Raise `BackendFault`."""
        mounts = inside(
            _job(spec),
            backend=self.name,
            job_file=spec.folder / INSIDE_JOB,
            output=spec.folder / output.OUTPUT,
        ).mounts
        name = name_of(spec.label)
        settings = render(spec.limits, user=output.container_user(), mounts=mounts)
        with Engine() as engine:
            engine.create(
                name,
                allowed(spec.image),
                COMMAND,
                labels=labels_of(spec),
                environment=ENVIRONMENT,
                **settings,
            )
            engine.start(name)
        _write(spec.folder / HANDLE, {"container": name})

    def poll(self, label: str) -> Look:
        """What the engine says of the container; over its caps it is ended. Raise `BackendUnavailable`."""
        folder, name = folders.folder_of(label), name_of(label)
        with _engine(folder) as engine:
            container = engine.find(name)
            if container is None:
                return Look(JobState.ENDED if (folder / HANDLE).exists() else JobState.ABSENT)
            if container.state is JobState.RUNNING:
                _keep_streams(engine, name, folder)
                output.show_logs(folder)
                if _passed(container, folder):
                    engine.kill(name)
        return Look(container.state, {"container": container.id, "name": name})

    def collect(self, label: str) -> Ending:
        """Streams and results put into the folder, and why there are none. Raise `BackendUnavailable`."""
        folder, name = folders.folder_of(label), name_of(label)
        with _engine(folder) as engine:
            container = engine.find(name)
            if container is not None:
                _keep_streams(engine, name, folder)
        output.take_results(folder)
        if container is None:
            return ending_in(
                folder, None, Fault("container_gone", "the engine has no such container any more")
            )
        fault = _fault_of(container, folder)
        limit_passed = fault is not None and fault.code == LIMIT_PASSED
        _write(folder / EXIT, {"exit_code": container.exit_code, "limit_passed": limit_passed})
        return ending_in(folder, container.exit_code, fault)

    def stop(self, label: str) -> None:
        """End the container; its processes have no other parent. Raise `BackendUnavailable`."""
        with Engine() as engine:
            engine.kill(name_of(label))

    def clean(self, label: str) -> None:
        """Remove the container, then what the folder need not keep. Raise `BackendUnavailable`."""
        with Engine() as engine:
            engine.remove(name_of(label))
        folders.clean(label)

    def strays(self) -> list[str]:
        """Labels of all attempts with a container of this installation. Raise `BackendUnavailable`."""
        with Engine() as engine:
            found = engine.labelled(f"{INSTALLATION}={installation()}")
        return sorted({label for labels in found if (label := attempt_in(labels))})


@contextmanager
def _engine(folder: Path) -> Iterator[Engine]:
    """The engine; where it does not answer that is noted, because one that comes back has ended its jobs."""
    try:
        with Engine() as engine:
            yield engine
    except EngineUnavailable:
        if folder.is_dir():
            (folder / ENGINE_GONE).touch()
        raise


def _job(spec: JobSpec) -> Job:
    return Job.read(spec.folder / HOST_JOB)


def _keep_streams(engine: Engine, name: str, folder: Path) -> None:
    for file, max_bytes in STREAMS.items():
        content = engine.output(name, stdout=file == "progress.jsonl", max_bytes=max_bytes)
        output.write_stream(folder / file, content)


def _passed(container: Container, folder: Path) -> Fault | None:
    """Why a container is or was ended by whoever looked at it."""
    caps = caps_in(container.labels)
    if container.seconds() >= caps.limit_seconds:
        return Fault(LIMIT_PASSED, f"the run took more than {caps.limit_seconds:g} seconds")
    sentence = output.breach(folder, caps)
    return Fault("output_quota", sentence) if sentence else None


def _fault_of(container: Container, folder: Path) -> Fault | None:
    """Why a container left no manifest; None where its referee ended by itself and may have said why."""
    if container.oom_killed:
        return Fault("container_out_of_memory", "the kernel ended a process for the container's memory limit")
    if passed := _passed(container, folder):
        return passed
    if container.exit_code >= 0:
        return None
    if (folder / ENGINE_GONE).exists():
        return Fault(
            "host_engine_gone", "the container engine went away while the run went on", counted=False
        )
    return Fault("container_killed", f"the container was ended by signal {-container.exit_code}")


def _write(path: Path, value: dict[str, Any]) -> None:
    with atomic_file(path) as file:
        file.write(json.dumps(value).encode())
