"""A job that is nobody's child: `python -m evaluations.backends.launcher FOLDER LIMIT_SECONDS COMMAND...`

The launcher forks and leaves; its child becomes the leader of a new session, so that neither the death of
the queue worker nor a signal to its group reaches the job. The child writes `handle.json` before it works
and `exit.json` after, both atomically; in between it starts the command, whose standard output and error
become `progress.jsonl` and `referee.log`, and ends the session's group when the limit has passed.
Standard library only.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from evaluations.backends.processes import boot_id, start_time

HANDLE = "handle.json"
EXIT = "exit.json"


def main(argv: list[str]) -> int:
    """Return as soon as the job's handle is on the disk."""
    folder, limit_seconds, command = Path(argv[0]), float(argv[1]), argv[2:]
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        return 0 if os.read(read_end, 1) else 1
    os.close(read_end)
    os.setsid()
    _write(folder / HANDLE, {"pid": os.getpid(), "start_time": start_time(os.getpid()), "boot": boot_id()})
    os.write(write_end, b"1")
    os.close(write_end)
    _supervise(folder, limit_seconds, command)
    os._exit(0)


def _supervise(folder: Path, limit_seconds: float, command: list[str]) -> None:
    signal.signal(signal.SIGTERM, _stay)
    with (folder / "progress.jsonl").open("ab") as out, (folder / "referee.log").open("ab") as err:
        for target, descriptor in ((out.fileno(), 1), (err.fileno(), 2)):
            os.dup2(target, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        job = subprocess.Popen(command, cwd=folder)
    try:
        code, limited = job.wait(limit_seconds), False
    except subprocess.TimeoutExpired:
        job.kill()
        code, limited = job.wait(), True
    _write(folder / EXIT, {"exit_code": code, "limit_passed": limited})


def _stay(signum: int, frame: FrameType | None) -> None:
    """The whole session is asked to stop; the leader stays to report how the job ended."""


def _write(path: Path, value: dict[str, object]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
