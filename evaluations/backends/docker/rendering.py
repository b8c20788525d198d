"""The limits of a container in the engine's words: the one place that turns them into flags."""

from typing import Any

import docker.types

from evaluations.backends.container_limits import ContainerLimits
from evaluations.backends.docker.inside import Mount
from evaluations.runner.sandbox.limits import CORE_BYTES

TMP = "/tmp"  # noqa: S108 - of the container, which is alone in it
SHM_BYTES = 64 << 20
LOG_BYTES = 64 << 20  # of the referee's output, which progress is read from
NANO = 10**9


def render(limits: ContainerLimits, *, user: str, mounts: tuple[Mount, ...]) -> dict[str, Any]:
    """Keyword arguments of `containers.create`; the default seccomp profile stays in force.

    There is no swap, so that a run is as fast on every host and memory that is used up says so at once.
    """
    return {
        "network_mode": limits.network,
        "read_only": limits.read_only,
        "tmpfs": {TMP: f"rw,noexec,nosuid,nodev,size={limits.tmp_bytes}"},
        "user": user,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "privileged": False,
        "ipc_mode": "private",
        "shm_size": SHM_BYTES,
        "pids_limit": limits.pids,
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "nano_cpus": round(limits.cpus * NANO),
        "ulimits": _ulimits(limits),
        "init": True,
        "device_requests": _gpus(limits),
        "mounts": [_mount(mount) for mount in mounts],
        "log_config": docker.types.LogConfig(
            type="json-file", config={"max-size": str(LOG_BYTES), "max-file": "1"}
        ),
        "restart_policy": {"Name": "no"},
    }


def _ulimits(limits: ContainerLimits) -> list[Any]:
    """Of each process: open files, bytes of one file, and no core that would hold text or weights."""
    bounds = {"nofile": limits.open_files, "fsize": limits.output_bytes, "core": CORE_BYTES}
    return [docker.types.Ulimit(name=name, soft=bound, hard=bound) for name, bound in bounds.items()]


def _gpus(limits: ContainerLimits) -> list[Any]:
    if not limits.gpus:
        return []
    return [docker.types.DeviceRequest(device_ids=list(limits.gpus), capabilities=[["gpu"]])]


def _mount(mount: Mount) -> Any:
    return docker.types.Mount(
        mount.target, str(mount.source), type="bind", read_only=mount.read_only, propagation="rprivate"
    )
