"""On what a run is carried out and what it may take up: device, precision, GPUs and limits, from policy."""

import os
from dataclasses import dataclass

from evaluations.gpu_profile import Profile
from evaluations.runner.constants import BF16, FLOAT32
from evaluations.runner.devices import CPU, CUDA
from evaluations.runner.job import Limits
from prism_site.config import env
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.modes import ModeTargets

TORCH_THREADS_PER_CORE = 3  # that torch starts by itself, for its products and beside them
UNIT_BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
# Host memory of a process with a GPU is mostly CUDA's own and pinned buffers: policy's number is for the CPU.
GPU_HOST_MEMORY_BYTES = 32 << 30


@dataclass(frozen=True)
class Place:
    """Device and precision of every process of a run, the GPUs that it was lent, and the learner's ranks."""

    device: str
    precision: str
    gpus: tuple[str, ...]
    world_size: int


def place_of(profile: Profile, gpus: tuple[str, ...]) -> Place:
    """Where a run of this profile goes that was lent these GPUs, by uuid: a rank on each.

    None of them where the profile takes some: whoever carries it out says which.
    """
    if not profile.most:
        return Place(CPU, FLOAT32, (), 1)
    return Place(CUDA, BF16, gpus, len(gpus) or profile.most)


def precision_of(targets: ModeTargets) -> str:
    """bf16 on GPUs, float32 on the CPU."""
    return BF16 if targets.gpu_count else FLOAT32


def limits_of(targets: ModeTargets, policy: Policy) -> Limits:
    """What the model may be, and what each process of a run may take up."""
    sandbox, memory = policy.sandbox_limits, bytes_of(policy.sandbox_limits.memory)
    return Limits(
        max_parameters=env().max_parameters,
        max_layers=env().max_layers,
        wall_seconds=float(targets.wall_seconds),
        artifacts_quota_bytes=sandbox.artifacts_quota_bytes,
        memory_bytes=max(memory, GPU_HOST_MEMORY_BYTES) if targets.gpu_count else memory,
        threads=threads_of(sandbox.pids_limit),
    )


def threads_of(pids_limit: int) -> int:
    """Policy's number for a child's own, and beside them those that torch starts for this host's cores."""
    return pids_limit + TORCH_THREADS_PER_CORE * (os.cpu_count() or 1)


def bytes_of(size: str) -> int:
    """`512m` or `2g` in bytes."""
    return int(size[:-1]) * UNIT_BYTES[size[-1]]
