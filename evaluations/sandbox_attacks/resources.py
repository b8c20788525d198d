"""Taking more than a child may have. What the referee's watch has to end is held until it looks."""

import mmap
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

from evaluations.runner.sandbox.kernel import syscall
from evaluations.runner.sandbox.limits import ResourceLimits
from evaluations.runner.sandbox.watch import Caps
from evaluations.sandbox_attacks.attack import Arena, Attack, expect

MIB = 1 << 20
CAPS = Caps(memory_bytes=256 * MIB, threads=64, disk_bytes=16 * MIB, files=200)
LIMITS = ResourceLimits(memory_bytes=256 * MIB, file_bytes=16 * MIB, cpu_seconds=60)
HOLD_SECONDS = 1.0
F_SETPIPE_SZ = 1031


def _address_space(a: Arena) -> None:
    mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ)


def _private_memory(a: Arena) -> None:
    mmap.mmap(-1, 300 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _shared_memory(a: Arena) -> None:
    memory = mmap.mmap(-1, 300 * MIB)
    for at in range(0, 300 * MIB, mmap.PAGESIZE):
        memory[at] = 1
    time.sleep(HOLD_SECONDS)


def _threads(a: Arena) -> None:
    over = threading.Event()
    threads = [threading.Thread(target=over.wait, args=(HOLD_SECONDS,), daemon=True) for _ in range(100)]
    for thread in threads:
        thread.start()
    time.sleep(HOLD_SECONDS)


def _large_file(a: Arena) -> None:
    with Path(a.own, "large").open("wb") as file:
        file.truncate(17 * MIB)


def _large_file_by_writing(a: Arena) -> None:
    Path(a.own, "large").write_bytes(bytes(17 * MIB))


def _reserved_file(a: Arena) -> None:
    os.posix_fallocate(os.open(f"{a.own}/reserved", os.O_CREAT | os.O_WRONLY), 0, 17 * MIB)


def _many_bytes(a: Arena) -> None:
    for number in range(20):
        Path(a.own, f"part{number}").write_bytes(bytes(MIB))
    time.sleep(HOLD_SECONDS)


def _removed_files(a: Arena) -> None:
    """Disk without a name, held by open descriptors."""
    kept = []
    for number in range(20):
        path = Path(a.own, f"part{number}")
        kept.append(os.open(path, os.O_CREAT | os.O_RDWR))
        os.write(kept[-1], bytes(MIB))
        path.unlink()
    time.sleep(HOLD_SECONDS)


def _many_files(a: Arena) -> None:
    for number in range(400):
        Path(a.own, str(number)).touch()
    time.sleep(HOLD_SECONDS)


def _deep_folders(a: Arena) -> None:
    """Deeper than a path can say, so that nothing by path can look or clean there."""
    os.chdir(a.own)
    for _ in range(150):
        Path("d").mkdir()
        os.chdir("d")
    time.sleep(HOLD_SECONDS)


def _descriptors(a: Arena) -> None:
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(300)]
    expect(len(kept) == 300)


def _processor_time(a: Arena) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _large_pipe(a: Arena) -> None:
    end, _ = os.pipe()
    syscall("fcntl", end, F_SETPIPE_SZ, MIB)


TRICKS: dict[str, Callable[[Arena], object]] = {
    "address space": _address_space,
    "private memory": _private_memory,
    "shared memory": _shared_memory,
    "threads": _threads,
    "a large file": _large_file,
    "a large file, written": _large_file_by_writing,
    "a large file, reserved": _reserved_file,
    "many bytes in files": _many_bytes,
    "bytes in removed files": _removed_files,
    "many files": _many_files,
    "deep folders": _deep_folders,
    "descriptors": _descriptors,
    "processor time without end": _processor_time,
    "a large pipe": _large_pipe,
}

ATTACKS = [Attack("resources", name, attempt) for name, attempt in TRICKS.items()]
