"""What the broker is asked for: the JSON of a run as its schema names the fields."""

import base64
import json
import math
from dataclasses import dataclass
from typing import Any

MAX_JOB_ID_CHARS = 128
MAX_IMAGE_CHARS = 255
MAX_TIMEOUT_SECONDS = 86_400
MIB = 1 << 20
TMP = "/tmp"  # noqa: S108 - of the container, which is alone in it


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder in the container, filled from a gzip tar; a writable one comes back in what is printed."""

    target: str
    archive: bytes
    read_only: bool = True


@dataclass(frozen=True, kw_only=True)
class Walls:
    """The limits of a container, in units of the wire."""

    cpus: float
    memory_bytes: int  # and no swap
    pids: int
    open_files: int
    tmp_bytes: int
    user: str  # uid:gid
    gpu_count: int | None  # the broker says which
    network: str = "none"
    read_only: bool = True


def run_request(
    *,
    job_id: str,
    task_id: str,
    image: str,
    command: list[str],
    walls: Walls,
    mounts: list[Mount],
    timeout_seconds: float,
) -> bytes:
    """The body of `POST /v1/docker/run`."""
    body: dict[str, Any] = {
        "job_id": job_id,
        "task_id": task_id,
        "image": image,
        "image_pull_policy": "IfNotPresent",
        "command": command,
        "workdir": None,
        "env": {},
        "labels": {"base.job": job_id, "base.task": task_id},
        "limits": _limits(walls),
        "mounts": [_mount(mount) for mount in mounts],
        "timeout_seconds": min(MAX_TIMEOUT_SECONDS, max(1, math.ceil(timeout_seconds))),
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _limits(walls: Walls) -> dict[str, Any]:
    memory = f"{math.ceil(walls.memory_bytes / MIB)}m"
    return {
        "cpus": walls.cpus,
        "memory": memory,
        "memory_swap": memory,
        "pids_limit": walls.pids,
        "gpu_count": walls.gpu_count,
        "network": walls.network,
        "read_only": walls.read_only,
        "user": walls.user,
        "tmpfs": [f"{TMP}:rw,noexec,nosuid,size={math.ceil(walls.tmp_bytes / MIB)}m"],
        "ulimits": [f"nofile={walls.open_files}:{walls.open_files}"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "init": True,
    }


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "target": mount.target,
        "read_only": mount.read_only,
        "source_type": "directory",
        "source_name": ".",
        "archive_b64": base64.b64encode(mount.archive).decode("ascii"),
    }
