"""The GPUs of this host as the driver lists them, and which of them each child of a run may see.

Read from /proc, so that a process that never opens a GPU can lend them: the referee has no CUDA context.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CUDA, CPU = "cuda", "cpu"
DRIVER = Path("/proc/driver/nvidia")
DEVICES = Path("/dev")
LINE = re.compile(r"^([A-Za-z ]+?):\s+(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Gpu:
    """One GPU: the name that CUDA_VISIBLE_DEVICES takes, its model, and the number in /dev/nvidiaN."""

    uuid: str
    model: str
    minor: int


def gpus(driver: Path = DRIVER, devices: Path = DEVICES) -> list[Gpu]:
    """Every GPU that this host may open, by device number; none without a driver."""
    found = [_read(path) for path in sorted(driver.glob("gpus/*/information"))]
    there = [gpu for gpu in found if gpu is not None and (devices / f"nvidia{gpu.minor}").exists()]
    return sorted(there, key=lambda gpu: gpu.minor)


def of_learner(lent: tuple[str, ...], world_size: int) -> tuple[str, ...]:
    """The GPUs that every rank sees: rank r trains on the r-th."""
    return lent[:world_size]


def of_predictors(lent: tuple[str, ...], world_size: int) -> tuple[str, ...]:
    """The one GPU that whoever scores or examines sees: one that no rank trains on, if there is one."""
    return lent[world_size : world_size + 1] or lent[:1]


def nodes(visible: tuple[str, ...] | None, driver: Path = DRIVER, devices: Path = DEVICES) -> Iterator[str]:
    """Paths below /dev that CUDA opens for these GPUs and for no other; null: for all."""
    yield from (str(devices / name) for name in ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"))
    if visible is None:
        yield from map(str, sorted(devices.glob("nvidia[0-9]*")))
    else:
        yield from (str(devices / f"nvidia{g.minor}") for g in gpus(driver, devices) if g.uuid in visible)


def _read(path: Path) -> Gpu | None:
    """A GPU's description; None where it is not one that can be used."""
    try:
        said = dict(LINE.findall(path.read_text(errors="replace")))
    except OSError:
        return None
    uuid, minor = said.get("GPU UUID", ""), said.get("Device Minor", "")
    if not uuid.startswith("GPU-") or not minor.isdecimal() or said.get("GPU Excluded", "No") != "No":
        return None
    return Gpu(uuid, said.get("Model", ""), int(minor))
