"""What the container around a whole run may take up: policy's numbers for one process, added up."""

from dataclasses import dataclass

from evaluations.runner.checkpoint_store import most_bytes
from evaluations.runner.job import Job, Limits
from evaluations.runner.sandbox.limits import BURST_THREADS
from evaluations.runner.walls import PREDICTOR_DISK_BYTES
from prism_site.policy.schemas.limits import SandboxLimits

TRUSTED = 1  # the referee
ANSWERING = 3  # scorer, auditor, examiner; the learner has as many processes as ranks
TMP_BYTES = 1 << 30  # of /tmp, which counts as memory
WEIGHT_COPIES, WEIGHT_BYTES = 3, 4  # float32: the final weights, and a checkpoint while it is replaced
REPORT_BYTES = 256 << 20  # manifest, curve, progress and logs, each with a cap of its own
REPORT_FILES = 1_000
OPEN_FILES = 4096
NOBODY = 65_534


@dataclass(frozen=True, kw_only=True)
class ContainerLimits:
    """One object for every backend with containers; each renders it in one function."""

    cpus: float
    memory_bytes: int  # and no swap
    pids: int  # processes and threads
    tmp_bytes: int
    output_bytes: int  # that the run may leave in its output folder
    output_files: int
    open_files: int
    gpus: tuple[str, ...]  # UUIDs of those lent to the run
    network: str
    read_only: bool


def container_limits(job: Job, sandbox: SandboxLimits) -> ContainerLimits:
    """The limits around a run whose processes each have `job.limits`."""
    processes = TRUSTED + ANSWERING + job.world_size
    return ContainerLimits(
        cpus=sandbox.cpus,
        memory_bytes=processes * job.limits.memory_bytes + TMP_BYTES,
        pids=processes * job.limits.threads + BURST_THREADS,
        tmp_bytes=TMP_BYTES,
        output_bytes=_output_bytes(job.limits),
        output_files=(1 + ANSWERING) * job.limits.artifact_files + REPORT_FILES,
        open_files=OPEN_FILES,
        gpus=job.gpus,
        network=sandbox.network,
        read_only=sandbox.read_only,
    )


def _output_bytes(limits: Limits) -> int:
    """What the referee lets its children keep, and what it writes itself."""
    weights = WEIGHT_COPIES * WEIGHT_BYTES * limits.max_parameters
    children = limits.artifacts_quota_bytes + ANSWERING * PREDICTOR_DISK_BYTES
    return children + weights + most_bytes(limits) + REPORT_BYTES
