"""Whether this host can close a process in at all."""

from evaluations.runner.sandbox import landlock
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.syscalls import machine


def missing() -> str:
    """Why no wall can be built here; empty where it can."""
    try:
        machine()
    except SandboxUnavailable as error:
        return str(error)
    version = landlock.abi()
    if version >= landlock.MINIMUM_ABI:
        return ""
    found = f"Landlock version {version}" if version else "no Landlock"
    return f"the kernel has {found}, version {landlock.MINIMUM_ABI} is needed"
