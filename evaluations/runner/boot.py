"""Where both children begin: close in, attest, and only then import the role and with it torch.

`python -P -m evaluations.runner.boot ROLE POLICY CHANNEL SLOT PARENT`: the module to become, the sandbox's
policy as JSON (`off` for none), the numbers of two inherited descriptors, and the referee's process id.
"""

import importlib
import socket
import sys

from evaluations.runner.sandbox.attestation import OFF
from evaluations.runner.sandbox.enter import enter
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.limits import no_core
from evaluations.runner.sandbox.policy import PACKAGE, Policy
from evaluations.runner.sandbox.privileges import close_descriptors, die_with_parent
from evaluations.runner.wire import Channel

ORDER_BODY_CAP_BYTES = 1 << 32
UNAVAILABLE = 125


def main(argv: list[str]) -> int:
    """Become the role; the exit status is the role's, or 125 where the walls do not stand."""
    role, policy = argv[0], argv[1]
    channel_fd, slot_fd, parent = (int(value) for value in argv[2:])
    channel = Channel(socket.socket(fileno=channel_fd), body_cap=ORDER_BODY_CAP_BYTES)
    try:
        die_with_parent(parent)
        no_core()
        close_descriptors((channel_fd, slot_fd))
        importlib.import_module(role.rpartition(".")[0])  # its folder may not be listed from within
        attestation = OFF if policy == "off" else enter(Policy.from_json(policy))
    except SandboxUnavailable as error:
        channel.send({"type": "refused", "reason": str(error)})
        return UNAVAILABLE
    channel.send({"type": "attestation", **attestation})
    forget_repository()
    return int(importlib.import_module(role).main(channel, slot_fd))


def forget_repository() -> None:
    """A submission's imports never find the project: what is imported of it already is all that there is."""
    root = str(PACKAGE.parents[1])
    sys.path[:] = [path for path in sys.path if path != root]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
