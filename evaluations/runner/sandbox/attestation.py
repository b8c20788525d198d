"""What a child says of its walls before it is told anything, and what the referee asks of that."""

from typing import Any

from evaluations.runner.sandbox.enter import LAYERS
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.landlock import MINIMUM_ABI

OFF: dict[str, Any] = {"mode": "off", "layers": [], "abi": 0, "checks": {}}
KEPT = ("mode", "layers", "abi", "instructions", "checks", "setup_milliseconds", "milliseconds")


def accept(header: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """The attestation in a child's first message; raise `SandboxUnavailable` where it does not do.

    The child has run none but our own code until then, so the message can be believed.
    """
    if header.get("type") == "refused":
        raise SandboxUnavailable(str(header.get("reason", ""))[:2000])
    if header.get("type") != "attestation":
        raise SandboxUnavailable("the child did not say what walls it stands behind")
    found = {name: header[name] for name in KEPT if name in header}
    if required and not _closed_in(found):
        raise SandboxUnavailable("the child is not closed in")
    return found


def _closed_in(found: dict[str, Any]) -> bool:
    layers, checks = found.get("layers"), found.get("checks")
    whole = found.get("mode") == "required" and layers == list(LAYERS) and found.get("abi", 0) >= MINIMUM_ABI
    return whole and isinstance(checks, dict) and len(checks) > 0 and all(checks.values())
