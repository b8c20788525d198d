"""What a process that has met others holds open when it is closed in: connections, and nothing that acts.

A descriptor outlives the walls that would refuse to open it. A ring of io_uring above all: its kernel thread
carries out calls that no filter sees. And where a socket still listens, a stranger can knock.
"""

import os
import re
import resource
import socket
import stat

from evaluations.runner.sandbox.errors import SandboxUnavailable

# Waiting and waking, the slot, devices; by the names that the kernel gives to files without one.
HARMLESS = re.compile(
    r"anon_inode:\[(eventpoll|eventfd|timerfd)\]|/memfd:.*|/dev/(null|zero|u?random|nvidia.*)"
)


def check() -> None:
    """Raise `SandboxUnavailable` where more is open than silent sockets, pipes and counters."""
    for number in numbers():
        if not _passes(number):
            raise SandboxUnavailable(f"descriptor {number} is open on {_name(number)}")


def numbers() -> list[int]:
    """Open descriptors from 3 on; asked one by one, since the list of them cannot be read behind Landlock."""
    cap, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [number for number in range(3, cap) if _is_open(number)]


def listens(number: int) -> bool:
    """Whether a descriptor is a socket that takes connections."""
    if not stat.S_ISSOCK(os.fstat(number).st_mode):
        return False
    with socket.socket(fileno=os.dup(number)) as found:
        return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _passes(number: int) -> bool:
    if stat.S_ISSOCK(os.fstat(number).st_mode):
        return not listens(number)
    name = _name(number)
    is_a_rule = name.startswith("/proc/")  # the pins of Landlock's rules, opened for their path alone
    return is_a_rule or name.startswith("pipe:") or HARMLESS.fullmatch(name) is not None


def _name(number: int) -> str:
    return os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115 - a name, not a path


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
