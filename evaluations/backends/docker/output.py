"""The one folder that a container may write: made for it, measured while it runs, emptied of results."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from evaluations.backends.container_limits import NOBODY
from evaluations.backends.docker.labels import Caps
from evaluations.backends.folders import KEPT
from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.datasets.atomic import atomic_file
from evaluations.runner.checkpoint_store import FOLDER as CHECKPOINTS
from evaluations.runner.constants import LOG_CAP_BYTES, learner_log
from evaluations.runner.job import MOST_RANKS
from evaluations.runner.sandbox.usage import DEPTH_CAP, disk_usage

OUTPUT = "output"
LOGS = [learner_log(rank) for rank in range(MOST_RANKS)]
OURS = frozenset({"handle.json", "exit.json", "progress.jsonl", "referee.log"})  # written on this side


def container_user() -> str:
    """`uid:gid` inside: our own, so that files stay ours; a worker of root's becomes nobody in there."""
    uid, gid = os.getuid(), os.getgid()
    return f"{uid}:{gid}" if uid else f"{NOBODY}:{NOBODY}"


def make(folder: Path) -> Path:
    """The output folder, writable by the container's user alone, with what the run is to go on from."""
    output = folder / OUTPUT
    output.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):
        (folder / CHECKPOINTS).rename(output / CHECKPOINTS)
    for path in (output, *output.rglob("*")):
        give(path)
    return output


def give(path: Path) -> None:
    """Let the container's user have a file or folder, where that is not us."""
    if os.getuid() == 0:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def let_read(path: Path) -> None:
    """Let the container's group read a file, where that is not ours: secret text is nobody else's to read."""
    if os.getuid() == 0 and path.is_file():
        os.chown(path, -1, NOBODY)
        path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IRGRP)


def breach(folder: Path, caps: Caps) -> str | None:
    """A sentence where more lies in the output than may, or deeper than is looked."""
    usage = disk_usage((folder / OUTPUT,))
    if usage.bytes > caps.output_bytes:
        return f"more than {caps.output_bytes:,} bytes were written"
    if usage.entries > caps.output_files or usage.depth > DEPTH_CAP:
        return f"more than {caps.output_files:,} files, or folders too deep, were written"
    return None


def take_results(folder: Path) -> None:
    """Move what outlives the run from the output into the attempt's folder; for a container that has ended.

    Only plain files go, under the names that a referee writes. What is in them is checked by who reads them.
    """
    for name in KEPT - OURS:
        path = folder / OUTPUT / name
        with suppress(FileNotFoundError, NotADirectoryError):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                path.replace(folder / name)


def show_logs(folder: Path) -> None:
    """Copy what the learner has printed so far to where it is read while the run goes on."""
    for name in LOGS:
        with suppress(FileRefused):
            write_stream(folder / name, read_capped(folder / OUTPUT / name, LOG_CAP_BYTES + 1024))


def write_stream(path: Path, content: bytes) -> None:
    """What a container has printed so far; written whole, and only when there is more than before."""
    if content and content != read_capped(
        path, max(len(content), path.stat().st_size if path.exists() else 0)
    ):
        with atomic_file(path) as file:
            file.write(content)
