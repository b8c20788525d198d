"""A job that is nobody's child: `python -m evaluations.backends.launcher FOLDER LIMIT_SECONDS COMMAND...`

The launcher forks and leaves; its child becomes the leader of a new session, so that neither the death of
the queue worker nor a signal to its group reaches the job. The leader writes `handle.json` before it works
and `exit.json` after, both atomically; in between it starts the command, whose standard output and error
become `progress.jsonl` and `referee.log`, and ends it when the limit has passed. Orphans of the job fall to
the leader, which leaves none behind. Standard library only.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from evaluations.backends.processes import boot_id, descendants, look

HANDLE = "handle.json"
EXIT = "exit.json"
PR_SET_CHILD_SUBREAPER = 36


def main(argv: list[str]) -> int:
    """Return as soon as the job's handle is on the disk."""
    folder, limit_seconds, command = Path(argv[0]), float(argv[1]), argv[2:]
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        return 0 if os.read(read_end, 1) else 1
    os.close(read_end)
    _lead(folder)
    os.write(write_end, b"1")
    os.close(write_end)
    code, limit_passed = _work(folder, limit_seconds, command)
    _end_orphans()
    _write(folder / EXIT, {"exit_code": code, "limit_passed": limit_passed})
    os._exit(0)


def _lead(folder: Path) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    me = look(os.getpid())
    assert me is not None
    _write(folder / HANDLE, {"pid": me.pid, "start_time": me.start_time, "boot": boot_id()})


def _work(folder: Path, limit_seconds: float, command: list[str]) -> tuple[int, bool]:
    """Exit status of the command, negative for a signal, and whether the limit ended it."""
    with (folder / "progress.jsonl").open("ab") as out, (folder / "referee.log").open("ab") as err:
        job = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    try:
        return job.wait(limit_seconds), False
    except subprocess.TimeoutExpired:
        job.kill()
        return job.wait(), True


def _end_orphans() -> None:
    while left := descendants([os.getpid()]):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _write(path: Path, value: dict[str, object]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
