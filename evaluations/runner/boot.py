"""Where both children begin: close in, attest, and only then import the role and with it torch.

`python -P -m evaluations.runner.boot ROLE POLICY MEETING CHANNEL SLOT PARENT`: the module to become, the
sandbox's policy as JSON (`off` for none), where to meet the other ranks as JSON (`alone` for none), the
numbers of two inherited descriptors, and the referee's process id.
"""

import importlib
import socket
import sys
from functools import partial
from typing import Any

from evaluations.runner.meeting import ALONE, Meeting, meet
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
    meeting = None if argv[2] == ALONE else Meeting.from_json(argv[2])
    channel_fd, slot_fd, parent = (int(value) for value in argv[3:])
    channel = Channel(socket.socket(fileno=channel_fd), body_cap=ORDER_BODY_CAP_BYTES)
    try:
        die_with_parent(parent)
        no_core()
        close_descriptors((channel_fd, slot_fd, *_listeners(meeting)))
        importlib.import_module(role.rpartition(".")[0])  # its folder may not be listed from within
        attestation = closed_in(policy, meeting)
    except SandboxUnavailable as error:
        channel.send({"type": "refused", "reason": str(error)})
        return UNAVAILABLE
    channel.send({"type": "attestation", **attestation})
    forget_repository()
    become = importlib.import_module(role).main
    channel.send(
        {"type": "awake"}
    )  # reading torch from a cold disk was ours; from here on time is the model's
    return int(become(channel, slot_fd))


def closed_in(policy: str, meeting: Meeting | None) -> dict[str, Any]:
    """Close in, meeting the other ranks on the way, and give the attestation."""
    meets = partial(meet, meeting) if meeting else None
    if policy != "off":
        return enter(Policy.from_json(policy), meets)
    if meets:
        meets()
    return OFF


def _listeners(meeting: Meeting | None) -> tuple[int, ...]:
    return () if meeting is None or meeting.listener is None else (meeting.listener,)


def forget_repository() -> None:
    """A submission's imports never find the project: what is imported of it already is all that there is."""
    root = str(PACKAGE.parents[1])
    sys.path[:] = [path for path in sys.path if path != root]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
