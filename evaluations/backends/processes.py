"""Who a process is: a number alone is reused, so its start time and the boot go with it. Linux's /proc."""

import os
import signal
import time
from pathlib import Path

_SESSION, _STATE, _START = 3, 0, 19  # fields of /proc/<pid>/stat after the command's name


def boot_id() -> str:
    """Changes with every boot of this kernel."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_time(pid: int) -> int | None:
    """Ticks since boot at which a process began; None where there is none, or only a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[_STATE] in "ZX" else int(fields[_START])


def session_members(session: int) -> list[int]:
    """Living processes of a session."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if _is_member(pid, session)]


def end_session(session: int, *, grace_seconds: float) -> None:
    """Ask every process of a session to stop, then make it."""
    _signal_all(session, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while session_members(session) and time.monotonic() < deadline:
        time.sleep(0.02)
    while session_members(session):  # a process may fork between the look and the kill
        _signal_all(session, signal.SIGKILL)
        time.sleep(0.005)


def _signal_all(session: int, signum: int) -> None:
    for pid in session_members(session):
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            continue


def _is_member(pid: int, session: int) -> bool:
    fields = _stat(pid)
    return fields is not None and fields[_STATE] not in "ZX" and int(fields[_SESSION]) == session


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
