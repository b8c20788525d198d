"""Which GPUs no job of this host has: a job's file says what it was lent, until its folder is cleaned.

What the machine itself knows, without a database; the rows stand in `evaluations.gpu_leases`.
"""

import json

from evaluations.backends import folders
from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.gpu_inventory import Device, inventory
from evaluations.gpu_profile import Profile, choose, of_kind

JOB = "JOB.json"
MAX_JOB_BYTES = 1 << 20


class GpusBusy(Exception):
    """Fewer GPUs are free on this host than the run was to get."""

    code = "host_gpu_busy"


def free_here() -> list[Device]:
    """The GPUs that no job here was lent."""
    lent = {uuid for label in folders.marked() for uuid in _lent_to(label)}
    return [device for device in inventory() if device.uuid not in lent]


def free_gpus(kind: str | None) -> list[Device]:
    """Those of a model whose name contains `kind`; null: of any."""
    return of_kind(free_here(), kind)


def borrow(profile: Profile) -> tuple[str, ...]:
    """UUIDs of free GPUs for a job that no row stands for; raise `GpusBusy`."""
    chosen = choose(free_here(), profile)
    if profile.least and not chosen:
        free = len(free_gpus(profile.kind))
        raise GpusBusy(f"{free} GPUs are free on this host, the run takes {profile.least} of one model")
    return tuple(device.uuid for device in chosen)


def _lent_to(label: str) -> list[str]:
    try:
        job = json.loads(read_capped(folders.folder_of(label) / JOB, MAX_JOB_BYTES) or b"{}")
    except (OSError, FileRefused, ValueError):
        return []
    found = job.get("gpus", []) if isinstance(job, dict) else []
    return [uuid for uuid in found if isinstance(uuid, str)]
