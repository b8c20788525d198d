"""What each child of a run may reach and take up: a job's limits rendered once."""

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from evaluations.runner import devices
from evaluations.runner.constants import SCORING_SECONDS, STARTUP_SECONDS
from evaluations.runner.job import Job
from evaluations.runner.meeting import Meeting
from evaluations.runner.orders import CHECKPOINTS, tokenizer_paths
from evaluations.runner.processes import Child, Place
from evaluations.runner.sandbox import removal
from evaluations.runner.sandbox.limits import BURST_THREADS, ResourceLimits, threads_of_user
from evaluations.runner.sandbox.policy import Policy, policy
from evaluations.runner.sandbox.watch import Caps, Watched, disk_breach

OFF = "off"
LEARNER, PREDICTOR, AUDITOR, EXAMINER = "learner", "predictor", "auditor", "examiner"
PCI_DEVICES = Path("/sys/bus/pci/devices")
PREDICTOR_DISK_BYTES = 256 << 20  # a predictor has nothing to keep


def learner_place(output: Path, rank: int = 0) -> Place:
    """A learner works in its artifacts, and keeps checkpoints; its ranks share both."""
    module, kept = "evaluations.runner.learner", (output / CHECKPOINTS,)
    scratch = output / (f"learner.{rank}.tmp" if rank else "learner.tmp")
    return Place(LEARNER, module, output / "artifacts", scratch, kept, spins=True)


def predictor_place(output: Path) -> Place:
    """A predictor has a home that goes with it."""
    return _predictor_place(PREDICTOR, output)


def auditor_place(output: Path) -> Place:
    """The auditor is a predictor that shares nothing with the first."""
    return _predictor_place(AUDITOR, output)


def examiner_place(output: Path) -> Place:
    """The examiner looks inside the model and has nothing to do with scoring it."""
    home = output / f"home-{token_hex(8)}"
    return Place(EXAMINER, "evaluations.runner.examiner", home, home)


def _predictor_place(role: str, output: Path) -> Place:
    home = output / f"home-{token_hex(8)}"  # a name that tells the model nothing of its part
    return Place(role, "evaluations.runner.predictor", home, home)


def start(job: Job, place: Place, log: Path, threads: int, meeting: Meeting | None = None) -> Child:
    """Start one child of a job behind the walls that the job asks for."""
    return Child(replace(place, gpus=_visible(job, place)), policy_of(job, place), log, threads, meeting)


def watched(job: Job, child: Child) -> Watched:
    """What the referee's watch needs to know of a child."""
    return Watched(child.process.pid, child.place.writable, caps_of(job, child.place), child.end_for)


def clear(job: Job, children: list[Child]) -> None:
    """Remove what ended children need not leave: temporary files, and everything of one over its quota."""
    for child in children:
        place = child.place
        if disk_breach(watched(job, child)):
            for folder in place.writable:
                removal.empty(folder)
        removal.remove(place.scratch)


def policy_of(job: Job, place: Place) -> Policy | None:
    """The walls of one child; null where the job says that the code is the operator's own."""
    if job.sandbox == OFF:
        return None
    limits = ResourceLimits(
        # CUDA reserves address space by the terabyte: there the referee's watch alone holds memory down.
        memory_bytes=None if job.device == devices.CUDA else job.limits.memory_bytes,
        file_bytes=caps_of(job, place).disk_bytes,
        cpu_seconds=_cpu_seconds(job) if place.role == LEARNER else None,
        user_threads=threads_of_user() + job.limits.threads + BURST_THREADS,
    )
    data = Path(job.output_folder) / "data"
    read = (Path(job.bundle.folder), data, *(Path(path) for path in tokenizer_paths(job).values()))
    if place.role == LEARNER and job.world_size > 1:
        read += machine_of_ranks()
    return policy(read=read, write=place.writable, limits=limits, gpus=tuple(_nodes(job, place)))


def _visible(job: Job, place: Place) -> tuple[str, ...] | None:
    """UUIDs of the GPUs that CUDA shows a child; null: all, where the job names none."""
    if job.device == devices.CUDA and not job.gpus:
        return None
    of_role = devices.of_learner if place.role == LEARNER else devices.of_predictors
    return of_role(job.gpus, job.world_size)


def _nodes(job: Job, place: Place) -> Iterator[str]:
    if job.device == devices.CUDA:
        yield from devices.nodes(_visible(job, place))


def machine_of_ranks() -> tuple[Path, ...]:
    """What gloo looks up before it opens a group: which devices there are, and of which kind."""
    return (PCI_DEVICES, *PCI_DEVICES.glob("*/class"))


def caps_of(job: Job, place: Place) -> Caps:
    """What the referee ends a child for."""
    disk = job.limits.artifacts_quota_bytes
    return Caps(
        memory_bytes=job.limits.memory_bytes,
        threads=job.limits.threads,
        disk_bytes=disk if place.role == LEARNER else min(disk, PREDICTOR_DISK_BYTES),
        files=job.limits.artifact_files,
    )


def _cpu_seconds(job: Job) -> int:
    """More than a learner can use before its wall clock ends it: for one whose referee cannot."""
    wall = job.limits.wall_seconds + STARTUP_SECONDS + SCORING_SECONDS
    return math.ceil(wall * (os.cpu_count() or 1))
