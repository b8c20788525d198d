"""What this kernel and this user have to build walls from."""

import os
from pathlib import Path

from evaluations.runner.sandbox import landlock
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.syscalls import machine

# Version of Landlock -> what it watches beyond the one before.
SINCE = {
    1: "files",
    2: "moves between folders",
    3: "truncation",
    4: "TCP ports",
    5: "device requests",
    6: "signals and abstract sockets",
    7: "a log of refusals",
}


def abilities() -> dict[str, str]:
    """Name of each ability to what there is of it, in words."""
    version = landlock.abi()
    watched = [what for since, what in SINCE.items() if since <= version]
    return {
        "kernel": f"{os.uname().release}, {os.uname().machine}",
        "system calls": _table(),
        "Landlock": f"version {version}: {', '.join(watched)}" if version else "none",
        "missing": ", ".join(what for since, what in SINCE.items() if since > version) or "nothing",
        "seccomp": Path("/proc/sys/kernel/seccomp/actions_avail").read_text().strip()
        if Path("/proc/sys/kernel/seccomp/actions_avail").exists()
        else "none",
        "user": f"{os.getuid()}, capabilities {_capabilities()}",
    }


def _table() -> str:
    try:
        return f"known for {machine()}"
    except SandboxUnavailable as error:
        return str(error)


def _capabilities() -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((line.split()[1] for line in lines if line.startswith("CapEff")), "unknown")
