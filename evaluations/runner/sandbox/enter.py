"""Closing this process in. Every step is for ever, and none after it can widen anything."""

import os
import time
from pathlib import Path
from typing import Any

from evaluations.runner.sandbox import landlock, limits, privileges, seccomp, selftest, support
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.policy import Policy

LAYERS = ("limits", "capabilities", "no_new_privs", "landlock", "seccomp")

# The descriptors that keep Landlock's rules on /proc alive, for as long as this process lives.
_pins: list[int] = []


def enter(policy: Policy) -> dict[str, Any]:
    """Close this process in, try the walls, and give the attestation.

    Raises:
        SandboxUnavailable: a layer is missing here, a wall gave way, or something needed is out of reach.
    """
    began = time.perf_counter()
    _be_alone()
    if lacking := support.missing():
        raise SandboxUnavailable(lacking)
    version = landlock.abi()
    try:
        instructions = _close_in(policy, version)
    except (OSError, ValueError) as error:
        raise SandboxUnavailable(f"a layer could not be put up: {error}") from error
    closed = time.perf_counter()
    checks = selftest.probe(policy)
    if not all(checks.values()):
        failed = ", ".join(name for name, stands in checks.items() if not stands)
        raise SandboxUnavailable(f"the self-test failed: {failed}")
    return {
        "mode": "required",
        "layers": list(LAYERS),
        "abi": version,
        "instructions": instructions,
        "checks": checks,
        "setup_milliseconds": round((closed - began) * 1e3, 3),
        "milliseconds": round((time.perf_counter() - began) * 1e3, 3),
    }


def _be_alone() -> None:
    """Landlock and the death signal go by thread: one that ran already would stay outside."""
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise SandboxUnavailable("a process can only be closed in before it starts a thread")


def _close_in(policy: Policy, version: int) -> int:
    os.umask(0o077)
    limits.apply(policy.limits)
    rules = landlock.Ruleset(version)  # before capabilities go: root may open paths that it will not reach
    rules.grant(policy.read, landlock.READ)
    rules.grant(policy.devices, landlock.DEVICE)
    rules.grant(policy.write, landlock.WRITE)
    privileges.drop_capabilities()
    privileges.no_new_privileges()
    rules.enforce()
    _pins.extend(rules.pins)
    return seccomp.install()
