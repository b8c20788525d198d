"""What a child takes up at this moment: memory and threads by the kernel's account, disk by looking."""

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 512  # of st_blocks, whatever the file system
DEPTH_CAP = 64  # folders within folders; a chain of them can hide what lies below from any path
STATUS_LINE = re.compile(r"^(Threads|RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
# A mapping of a removed file; shared memory looks like one and is counted as memory.
DELETED_MAPPING = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ [0-9a-f:]+ (\d+) +/(?!dev/zero|memfd:|SYSV).* \(deleted\)$"
)


@dataclass(frozen=True)
class DiskUsage:
    """Bytes on the disk, entries, and levels of folders (the cap + 1 where it was passed)."""

    bytes: int = 0
    entries: int = 0
    depth: int = 0


def memory_and_threads(pid: int) -> tuple[int, int]:
    """(bytes of memory that are the process's own, threads); zeros once it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return 0, 0
    found = {name: int(value) for name, value in STATUS_LINE.findall(text)}
    threads = found.pop("Threads", 0)
    return sum(found.values()) * 1024, threads


def disk_usage(folders: tuple[Path, ...]) -> DiskUsage:
    """What lies below `folders`; links are counted, not followed."""
    size, entries, deepest = 0, 0, 0
    waiting = [(str(folder), 0) for folder in folders]
    while waiting:
        folder, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > DEPTH_CAP:
            continue
        for entry in _entries(folder):
            entries += 1
            with suppress(OSError):
                size += entry.stat(follow_symlinks=False).st_blocks * BLOCK_BYTES
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))
    return DiskUsage(size, entries, deepest)


def unlinked_bytes(pid: int) -> int:
    """Disk that a process holds without a name for it: files removed while open or mapped."""
    held: dict[int, int] = {}
    for line in _lines(f"/proc/{pid}/maps"):
        if match := DELETED_MAPPING.match(line):
            held[int(match[3])] = int(match[2], 16) - int(match[1], 16)
    for entry in _entries(f"/proc/{pid}/fd"):
        with suppress(OSError):
            status = Path(entry.path).stat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                held[status.st_ino] = status.st_blocks * BLOCK_BYTES
    return sum(held.values())


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as found:
        return list(found)
    return []


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text(errors="replace").splitlines()
    return []
