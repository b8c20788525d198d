"""The GPUs that this host may lend: those that its driver lists, or those that a setting declares."""

import shutil
import subprocess
from dataclasses import dataclass

from evaluations.runner.devices import gpus
from prism_site.config import comma_separated, env

UNIT_BYTES = {"m": 1 << 20, "g": 1 << 30}
ASK_SECONDS = 20  # a driver that was asleep takes some to wake
MEMORY_OF_EACH = ("--query-gpu=uuid,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Device:
    """One GPU as this host knows it; the driver's files do not say how much memory it has."""

    uuid: str
    model: str
    memory_bytes: int | None = None


def inventory() -> list[Device]:
    """Every GPU that runs may be lent here.

    `PRISM_GPUS` picks some of the driver's by uuid, or declares them whole: a worker in a container of its
    own, whose jobs go to the container engine, sees no driver.
    """
    listed = [Device(gpu.uuid, gpu.model) for gpu in gpus()]
    named = comma_separated(env().gpus)
    if not named:
        return listed
    by_uuid = {device.uuid: device for device in listed}
    found = (_declared(text) if ":" in text else by_uuid.get(text) for text in named)
    return [device for device in found if device is not None]


def memory_by_uuid() -> dict[str, int]:
    """Bytes of memory of each GPU as the driver's own tool says; nothing where it does not answer."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    try:
        asked = subprocess.run(
            [tool, *MEMORY_OF_EACH], capture_output=True, text=True, timeout=ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(_memory(line) for line in asked.stdout.splitlines() if _says_memory(line))


def _declared(text: str) -> Device:
    """`GPU-1f:NVIDIA H100 80GB HBM3:80g`; the setting has been checked."""
    uuid, model, memory = text.split(":")
    return Device(uuid, model, int(memory[:-1]) * UNIT_BYTES[memory[-1]])


def _says_memory(line: str) -> bool:
    uuid, _, mebibytes = line.partition(",")
    return bool(uuid.strip()) and mebibytes.strip().isdecimal()


def _memory(line: str) -> tuple[str, int]:
    uuid, _, mebibytes = line.partition(",")
    return uuid.strip(), int(mebibytes) << 20
