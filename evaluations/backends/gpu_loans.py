"""Which GPUs of this host are free: a job's file says what it was lent, until its folder is cleaned."""

import json

from evaluations.backends import folders
from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.runner.devices import Gpu, gpus

JOB = "JOB.json"
MAX_JOB_BYTES = 1 << 20


class GpusBusy(Exception):
    """Fewer GPUs are free on this host than the run was to get."""

    code = "host_gpu_busy"


def free_gpus(kind: str | None) -> list[Gpu]:
    """The GPUs that no job here was lent, of a model whose name contains `kind`; null: of any."""
    lent = {uuid for label in folders.marked() for uuid in _lent_to(label)}
    return [gpu for gpu in gpus() if gpu.uuid not in lent and _is_of_kind(gpu, kind)]


def borrow(count: int, kind: str | None) -> tuple[str, ...]:
    """UUIDs of `count` free GPUs; raise `GpusBusy`. For the holder of the launch lock."""
    free = free_gpus(kind)
    if len(free) < count:
        raise GpusBusy(f"{len(free)} GPUs are free on this host, the run takes {count}")
    return tuple(gpu.uuid for gpu in free[:count])


def _lent_to(label: str) -> list[str]:
    try:
        job = json.loads(read_capped(folders.folder_of(label) / JOB, MAX_JOB_BYTES) or b"{}")
    except (OSError, FileRefused, ValueError):
        return []
    found = job.get("gpus", []) if isinstance(job, dict) else []
    return [uuid for uuid in found if isinstance(uuid, str)]


def _is_of_kind(gpu: Gpu, kind: str | None) -> bool:
    wanted = (kind or "").replace("-", " ").replace("_", " ").casefold()
    return wanted in gpu.model.replace("-", " ").casefold()
