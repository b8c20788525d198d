"""Resource limits of a child: they end the child, not the host."""

import contextlib
import os
import resource
from dataclasses import dataclass
from pathlib import Path

CORE_BYTES = 1  # 0 would not keep a core from a handler that takes it from a pipe; 1 does (fs/coredump.c)
ADDRESS_OVERHEAD_BYTES = 8 << 30  # libraries, thread stacks and reserved address space that is never touched
DESCRIPTORS = 256
GRACE_SECONDS = 5  # between the signal that names the processor limit and the one that only kills
BURST_THREADS = 1024  # that may start between two looks of the referee, and that other runs may have


@dataclass(frozen=True, kw_only=True)
class ResourceLimits:
    """What a child may use; null is without limit."""

    memory_bytes: int | None = None  # of its private data; address space has the overhead on top
    file_bytes: int | None = None  # of one file
    cpu_seconds: int | None = None
    user_threads: int | None = None  # that the child's user may have in all; the kernel spares root


def apply(limits: ResourceLimits) -> None:
    """Lower soft and hard limits; no limit is ever raised."""
    no_core()
    _lower(resource.RLIMIT_NOFILE, DESCRIPTORS)
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    if limits.cpu_seconds is not None:
        _lower(resource.RLIMIT_CPU, limits.cpu_seconds + GRACE_SECONDS)
        _lower(resource.RLIMIT_CPU, limits.cpu_seconds, soft_only=True)
    _lower(resource.RLIMIT_NPROC, limits.user_threads)
    if limits.memory_bytes is not None:
        _lower(resource.RLIMIT_DATA, limits.memory_bytes)
        _lower(resource.RLIMIT_AS, limits.memory_bytes + ADDRESS_OVERHEAD_BYTES)
    with contextlib.suppress(OSError):  # where the host itself runs dry, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")


def no_core() -> None:
    """Leave no file with text or weights behind a crash."""
    _lower(resource.RLIMIT_CORE, CORE_BYTES)


def threads_of_user() -> int:
    """Threads of this process's user, which the kernel's limit counts together."""
    count = 0
    for task in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if task.stat().st_uid == os.getuid():
                count += len(list((task / "task").iterdir()))
    return count


def _lower(kind: int, value: int | None, *, soft_only: bool = False) -> None:
    if value is None:
        return
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, hard if soft_only else value))
