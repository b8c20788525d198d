"""Watching the children from the referee: what no limit of the kernel ends, this does."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evaluations.runner.sandbox.usage import DEPTH_CAP, disk_usage, memory_and_threads, unlinked_bytes

TICK_SECONDS = 0.05
DISK_SHARE = 20  # looking at the disk may take one part in twenty of a core


@dataclass(frozen=True)
class Caps:
    """What one child may take up."""

    memory_bytes: int
    threads: int
    disk_bytes: int
    files: int


@dataclass(frozen=True)
class Watched:
    """One child: where it may write, what it may take up, and how to end it with a code and a reason."""

    pid: int
    folders: tuple[Path, ...]
    caps: Caps
    end: Callable[[str, str], None]


class Watch:
    """A thread of the referee that looks at every child until it is stopped."""

    def __init__(self, children: list[Watched]) -> None:
        self.children = children
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Look no more; returns when the thread is gone."""
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        disk_due = 0.0
        while not self.over.wait(TICK_SECONDS):
            began = time.monotonic()
            for child in self.children:
                breach = processes_breach(child) or (disk_breach(child) if began >= disk_due else None)
                if breach:
                    child.end(*breach)
            if began >= disk_due:
                disk_due = time.monotonic() + DISK_SHARE * (time.monotonic() - began)


def processes_breach(child: Watched) -> tuple[str, str] | None:
    """(code, reason) where a child has too much memory or too many threads."""
    memory, threads = memory_and_threads(child.pid)
    if memory > child.caps.memory_bytes:
        return "out_of_memory", f"more than {child.caps.memory_bytes:,} bytes of memory were in use"
    if threads > child.caps.threads:
        return "too_many_threads", f"more than {child.caps.threads:,} threads were running"
    return None


def disk_breach(child: Watched) -> tuple[str, str] | None:
    """(code, reason) where a child's files are too big, too many or too deep."""
    usage = disk_usage(child.folders)
    if usage.bytes + unlinked_bytes(child.pid) > child.caps.disk_bytes:
        return "artifact_quota", f"more than {child.caps.disk_bytes:,} bytes of files were written"
    if usage.entries > child.caps.files:
        return "artifact_quota", f"more than {child.caps.files:,} files were written"
    if usage.depth > DEPTH_CAP:
        return "artifact_quota", f"folders were nested deeper than {DEPTH_CAP}"
    return None
