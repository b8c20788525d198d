"""Jobs as detached processes of this host: launch, poll and stop over a folder, all idempotent."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.backends.jobs import JobState, LaunchFailed
from evaluations.backends.launcher import EXIT, HANDLE
from evaluations.backends.processes import boot_id, end_session, look, session_members
from prism_site.config import ROOT, env

NAME = "local"
MAX_HANDLE_BYTES = 4096
LAUNCH_SECONDS = 30  # for the launcher to write its handle, on a busy host


def this_host() -> str:
    """The name under which this host holds leases."""
    return env().host


def launch(folder: Path, command: list[str], *, limit_seconds: float) -> None:
    """Start `command` detached, with `folder` as its place of work; nothing if it was started before.

    Raises:
        LaunchFailed: no handle was written.
    """
    if (folder / HANDLE).exists():
        return
    launcher = [sys.executable, "-m", "evaluations.backends.launcher", str(folder), str(limit_seconds)]
    try:
        started = subprocess.run(
            [*launcher, *command],
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LAUNCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LaunchFailed(str(error)) from error
    if started.returncode:
        raise LaunchFailed(f"the launcher ended with {started.returncode}")


def referee_command(job: Path) -> list[str]:
    """The command line of a scored run."""
    return [sys.executable, "-m", "evaluations.runner", "run", str(job)]


def poll(folder: Path) -> JobState:
    """Whether the job was started, runs or has ended."""
    handle = read_handle(folder)
    if handle is None:
        return JobState.ABSENT
    return JobState.RUNNING if _is_alive(handle) else JobState.ENDED


def read_handle(folder: Path) -> dict[str, Any] | None:
    """What identifies the job on this host; None where it never started."""
    handle = _read_object(folder / HANDLE, MAX_HANDLE_BYTES)
    sound = handle is not None and type(handle.get("pid")) is int and handle["pid"] > 1
    return handle if sound else None


def exit_code(folder: Path) -> int | None:
    """The referee's exit status, negative for a signal; None where nobody could see it."""
    status = _read_object(folder / EXIT, MAX_HANDLE_BYTES)
    code = status.get("exit_code") if status else None
    return code if type(code) is int else None


def stop(folder: Path) -> None:
    """End whatever still lives of a job: its leader and every process of its session."""
    handle = read_handle(folder)
    if handle is not None and handle.get("boot") == boot_id() and _is_ours(handle):
        end_session(handle["pid"])


def _is_alive(handle: dict[str, Any]) -> bool:
    leader = look(handle["pid"])
    same = leader is not None and leader.start_time == handle.get("start_time")
    return same and handle.get("boot") == boot_id()


def _is_ours(handle: dict[str, Any]) -> bool:
    """The kernel gives a number to nobody while a session bears it: another leader means ours is gone."""
    return _is_alive(handle) or (look(handle["pid"]) is None and bool(session_members(handle["pid"])))


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours: no secret, no setting reaches the job."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",  # the folder the job works in holds files that others wrote
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _read_object(path: Path, max_bytes: int) -> dict[str, Any] | None:
    try:
        value = json.loads(read_capped(path, max_bytes) or b"null")
    except (FileRefused, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
