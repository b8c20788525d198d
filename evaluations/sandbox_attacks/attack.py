"""One attack: a name, a group, and an attempt that returns where it got through and raises elsewhere."""

import errno
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from evaluations.runner.sandbox.kernel import syscall

WALL_ERRORS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})


@dataclass(frozen=True)
class Arena:
    """What an attack aims at; all of it is thrown away afterwards."""

    own: str  # the folder that the attacker may write in
    beside: str  # a folder it may neither read nor write
    secret: str  # a file in there
    shared: str  # a file it may read and not write
    repository: str
    victim: int  # a process of the same user
    victim_address: int  # of a secret in its memory
    victim_port: int  # on which it listens, TCP and UDP
    unix_stream: str
    unix_datagram: str
    abstract: str  # name without the leading zero byte
    descriptors: tuple[int, ...] = ()  # that the attacker was given

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Arena":
        """From a message."""
        return cls(**{**values, "descriptors": tuple(values["descriptors"])})

    def described(self) -> dict[str, Any]:
        """For a message."""
        return asdict(self)


@dataclass(frozen=True)
class Attack:
    """A way to reach something that a submission must not reach."""

    group: str
    name: str
    attempt: Callable[[Arena], object]
    metadata: bool = False  # known to stay open: tells that a path exists, never what it holds


class Blocked(Exception):
    """The attempt had no effect, though no error said so."""


def reach(name: str, *arguments: Any) -> None:
    """Make a system call that can do nothing: getting past every check of permission is the success."""
    try:
        syscall(name, *arguments)
    except OSError as error:
        if error.errno in WALL_ERRORS:
            raise


def expect(condition: object) -> None:
    """Raise `Blocked` unless the effect is there."""
    if not condition:
        raise Blocked
