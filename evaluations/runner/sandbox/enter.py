"""Closing this process in. Every step is for ever, and none after it can widen anything."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluations.runner.sandbox import descriptors, landlock, limits, privileges, seccomp, selftest, support
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.policy import Policy

LAYERS = ("limits", "capabilities", "no_new_privs", "landlock", "seccomp")

# The descriptors that keep Landlock's rules on /proc alive, for as long as this process lives.
_pins: list[int] = []


def enter(policy: Policy, meet: Callable[[], None] | None = None) -> dict[str, Any]:
    """Close this process in, try the walls, and give the attestation.

    `meet` is trusted code that runs when files are closed off already and sockets are not yet: ranks open the
    connections between them there. The threads that it starts are behind the same rules on files, and the
    filter of system calls takes them in; the process has run none but our own code until then.

    Raises:
        SandboxUnavailable: a layer is missing here, a wall gave way, or something needed is out of reach.
    """
    began = time.perf_counter()
    _be_alone()
    if lacking := support.missing():
        raise SandboxUnavailable(lacking)
    version = landlock.abi()
    try:
        instructions = _close_in(policy, version, meet)
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


def _close_in(policy: Policy, version: int, meet: Callable[[], None] | None) -> int:
    os.umask(0o077)
    limits.apply(policy.limits)
    # Before capabilities go: root may open paths that it will not reach.
    rules = landlock.Ruleset(version, tcp=meet is not None)
    rules.grant(policy.read, landlock.READ)
    rules.grant(policy.listed, landlock.LIST)
    rules.grant(policy.devices, landlock.DEVICE)
    rules.grant(policy.gpus, landlock.GPU)
    rules.grant(policy.write, landlock.WRITE)
    privileges.drop_capabilities()
    privileges.no_new_privileges()
    rules.enforce()
    _pins.extend(rules.pins)
    if meet is not None:
        meet()
        descriptors.check()
        landlock.forbid_tcp(version)
    return seccomp.install(gpu=bool(policy.gpus))
