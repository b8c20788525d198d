"""Landlock: which files, which TCP ports, and whose signals and abstract sockets can be reached.

A rule ties rights to an inode, and procfs makes a new inode once memory pressure has dropped its entry: a
rule on /proc would then silently stop to match, hours into a run. So the descriptors of those rules stay
open, which keeps the entries in memory.

Source: landlock(7), Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.kernel import syscall

CREATE_RULESET_VERSION, RULE_PATH_BENEATH = 1, 1
(
    _EXECUTE,
    WRITE_FILE,
    READ_FILE,
    READ_DIR,
    REMOVE_DIR,
    REMOVE_FILE,
    _MAKE_CHAR,
    MAKE_DIR,
    MAKE_REGULAR,
    _MAKE_SOCKET,
    _MAKE_FIFO,
    _MAKE_BLOCK,
    _MAKE_SYMLINK,
    REFER,
    TRUNCATE,
    CONTROL_DEVICE,
) = (1 << bit for bit in range(16))
OF_FILES = WRITE_FILE | READ_FILE | TRUNCATE | CONTROL_DEVICE
LIST = READ_DIR
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | MAKE_REGULAR | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER
DEVICE = READ_FILE | WRITE_FILE
GPU = DEVICE | CONTROL_DEVICE
NO_TCP = 0b11  # bind, connect
NO_STRANGERS = 0b11  # abstract sockets and signals of processes outside
MINIMUM_ABI = 3  # the first that watches truncation
RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # file rights that each knows; 16 from the fifth on


def abi() -> int:
    """Version of Landlock in this kernel, 0 where there is none or it is switched off."""
    try:
        return syscall("landlock_create_ruleset", None, 0, CREATE_RULESET_VERSION)
    except (OSError, SandboxUnavailable):
        return 0


def forbid_tcp(version: int) -> None:
    """A second layer on top of the first: this thread, and those that it starts, bind and connect no more."""
    if version < 4:
        return  # such a kernel knows no rule about TCP; the filter of system calls refuses sockets anyway
    ruleset = _create(0, NO_TCP)
    syscall("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


class Ruleset:
    """Rights being collected; `enforce` makes them all that this process and its threads have.

    `tcp` leaves TCP open, for ranks that have yet to meet: `forbid_tcp` closes it.
    """

    def __init__(self, version: int, *, tcp: bool = False) -> None:
        self.handled = (1 << RIGHTS_OF_ABI.get(version, 16)) - 1
        self.pins: list[int] = []
        fields = (
            self.handled,
            *([0 if tcp else NO_TCP] if version >= 4 else []),
            *([NO_STRANGERS] if version >= 6 else []),
        )
        self.fd = _create(*fields)

    def grant(self, paths: Iterable[str], rights: int) -> None:
        """Give `rights` below each path; a path that does not exist needs none."""
        for path in paths:
            try:
                beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                continue
            self._add_rule(beneath, rights)
            self._keep_or_close(path, beneath)

    def enforce(self) -> None:
        """Give up everything that was not granted, for ever."""
        syscall("landlock_restrict_self", self.fd, 0)
        os.close(self.fd)

    def _add_rule(self, beneath: int, rights: int) -> None:
        rights &= self.handled
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, beneath)
        syscall("landlock_add_rule", self.fd, RULE_PATH_BENEATH, ctypes.c_char_p(rule), 0)

    def _keep_or_close(self, path: str, beneath: int) -> None:
        if path.startswith("/proc/"):
            self.pins.append(beneath)
        else:
            os.close(beneath)


def _create(*handled: int) -> int:
    """A ruleset's descriptor: the rights on files, TCP and scopes that it is about, as many as are given."""
    attributes = struct.pack(f"={len(handled)}Q", *handled)
    return syscall("landlock_create_ruleset", ctypes.c_char_p(attributes), len(attributes), 0)
