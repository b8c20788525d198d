"""Who a process is: a number alone is reused, so its start time and the boot go with it. Linux's /proc."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """What /proc/<pid>/stat says of a living process; zombies do not count as living."""

    pid: int
    parent: int
    session: int
    start_time: int  # clock ticks since boot


def boot_id() -> str:
    """Changes with every boot of this kernel."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def look(pid: int) -> Process | None:
    """The living process of that number."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the command's name before it may hold anything
    if fields[0] in "ZX":
        return None
    return Process(pid, parent=int(fields[1]), session=int(fields[3]), start_time=int(fields[19]))


def living() -> list[Process]:
    """Every living process that we can see."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for pid in pids if (process := look(pid)) is not None]


def session_members(session: int) -> set[int]:
    """Living processes of a session."""
    return {process.pid for process in living() if process.session == session}


def descendants(roots: Iterable[int]) -> set[int]:
    """Children of the roots, their children and so on; the roots themselves are not among them."""
    children: dict[int, list[int]] = {}
    for process in living():
        children.setdefault(process.parent, []).append(process.pid)
    found, waiting = set[int](), list(roots)
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), []) if child not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return found


def end_session(session: int) -> None:
    """Kill a session and everything its processes started, also what moved to sessions of its own.

    The members are stopped first: killed later, they keep their children findable, and a referee sees
    nothing of its children's end that it could write a verdict about.
    """
    members = session_members(session)
    _signal(members, signal.SIGSTOP)
    while below := descendants(members) - members:
        _signal(below, signal.SIGKILL)
        time.sleep(0.005)
    while members := session_members(session):
        _signal(members, signal.SIGKILL)
        time.sleep(0.005)


def _signal(pids: Iterable[int], signum: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)
