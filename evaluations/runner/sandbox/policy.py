"""What one child may reach: decided once by the referee, handed over as text, applied in one place."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from evaluations.runner.sandbox import libraries
from evaluations.runner.sandbox.limits import ResourceLimits

PACKAGE = Path(__file__).resolve().parents[1]  # evaluations/runner: of the project, children read this alone
SYSTEM = ("/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime")
# What torch and the C library look up about the machine and about their own process.
MACHINE = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
)
OWN_PROCESS = tuple(f"/proc/self/{name}" for name in ("maps", "smaps", "stat", "statm", "status", "cmdline"))
DEVICES = ("/dev/null",)
# What CUDA reads about the driver and the cards, besides the nodes of the cards that it was given.
OF_GPUS = ("/proc/driver/nvidia", "/sys/bus/pci/devices", "/sys/module/nvidia", "/sys/module/nvidia_uvm")
THREAD_NAMES = "/proc/self/task"  # CUDA names its threads there


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Paths to read and to write below, and limits. Everything else is refused."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    listed: tuple[str, ...] = ()  # folders below which names may be seen, whatever may be read of them
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    devices: tuple[str, ...] = DEVICES
    gpus: tuple[str, ...] = ()  # nodes that may also be controlled (ioctl); with any, CUDA's own calls pass

    def to_json(self) -> str:
        """The text of a policy."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Policy":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        paths = {name: tuple(values[name]) for name in ("read", "write", "listed", "devices", "gpus")}
        return cls(**paths, limits=ResourceLimits(**values["limits"]))


def policy(
    *,
    read: tuple[Path, ...],
    write: tuple[Path, ...],
    limits: ResourceLimits,
    gpus: tuple[str, ...] = (),
) -> Policy:
    """A policy that lets torch work, and the submission read and write what it is given.

    `gpus` are the device nodes of the cards that this process may use, and of no other card.
    """
    given = tuple(os.path.realpath(path) for path in read)
    own = tuple(os.path.realpath(path) for path in write)
    return Policy(
        read=(
            *SYSTEM,
            *MACHINE,
            *OWN_PROCESS,
            *libraries.readable(),
            str(PACKAGE),
            *given,
            *(OF_GPUS if gpus else ()),
        ),
        write=own,
        listed=(str(libraries.standard_library()),),
        limits=limits,
        gpus=(*gpus, THREAD_NAMES) if gpus else (),
    )
