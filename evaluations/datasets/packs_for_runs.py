"""Staged packs as files for runs: one each, whichever files it was staged as, named by its content."""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evaluations.datasets.atomic import commit_file
from evaluations.datasets.packs import files_of, read_pack, staged_folders

State = tuple[tuple[str, int, int], ...]  # name, size and time of every file


@dataclass(frozen=True)
class PackFile:
    """A staged pack as one file that runs read."""

    name: str
    path: Path
    sha256: str


def packs_for_runs(staged: Path, cache: Path, names: Collection[str]) -> list[PackFile]:
    """The files of those of the named packs that are staged, made below `cache` where they are not there.

    Raises `PackInvalid`: a pack that counts and cannot be read stops runs, or scores would differ by it.
    """
    return [_file_of(folder, cache) for folder in staged_folders(staged) if folder.name in names]


def _file_of(folder: Path, cache: Path) -> PackFile:
    state = _state_of(folder)
    found = _made(folder, state, cache)
    if not _is_whole(found):
        _made.cache_clear()
        found = _made(folder, state, cache)
    return found


def _state_of(folder: Path) -> State:
    states = ((path.name, path.stat()) for path in files_of(folder))
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in states)


@lru_cache(maxsize=64)
def _made(folder: Path, state: State, cache: Path) -> PackFile:
    """Read and written anew only when a file has another size or time."""
    text = read_pack(folder).text()
    sha256 = hashlib.sha256(text).hexdigest()
    found = PackFile(folder.name, cache / f"{folder.name}.{sha256[:32]}.jsonl", sha256)
    if not _is_whole(found):
        cache.mkdir(parents=True, exist_ok=True)
        part = found.path.with_suffix(f".{os.getpid()}.tmp")  # others may be writing the same
        part.write_bytes(text)
        commit_file(part, found.path)
    return found


def _is_whole(found: PackFile) -> bool:
    if not found.path.is_file():
        return False
    with found.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == found.sha256
