"""The files that a learner keeps for itself, as one file of the referee's, and back again.

What lies in a checkpoint folder is hostile: a link may lead elsewhere, a pipe may never end, a file may be
larger than the disk. So plain files in plain folders are taken, as many bytes as the quota allows, and
nothing else; what is in them is read by nobody but the next learner, behind its walls.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from evaluations.runner.sandbox.usage import DEPTH_CAP

PIECE_BYTES = 1 << 20
NAME_CAP_CHARS = 255
TOO_MUCH = "more bytes than the quota allows"


class FilesRefused(Exception):
    """A folder holds something that is not kept: no plain file, too much, too many, too deep."""

    code = "checkpoint_files_refused"


class Sink(Protocol):
    """Where bytes go."""

    def write(self, piece: bytes) -> object: ...


@dataclass(frozen=True)
class Quota:
    """What may be kept at most."""

    bytes: int
    files: int


@dataclass(frozen=True)
class KeptFile:
    """One file: its path below the folder, with `/`, and its length."""

    path: str
    bytes: int


def pack(folder: Path, target: Sink, quota: Quota) -> list[KeptFile]:
    """Write the contents of all files below `folder` to `target`, one after the other; give their list.

    For a folder whose writers stand still. Raises `FilesRefused`, and `OSError` for the disk.
    """
    kept: list[KeptFile] = []
    room = quota.bytes
    descriptor = _open_folder(folder, None)
    for path, file in _files(descriptor, PurePosixPath(), 0):
        if len(kept) >= quota.files:
            os.close(file)
            raise FilesRefused(f"more than {quota.files:,} files")
        with os.fdopen(file, "rb", buffering=0) as source:
            size = _copy(source, target, room)
        room -= size
        kept.append(KeptFile(str(path), size))
    return kept


def unpack(source: BinaryIO, kept: list[KeptFile], folder: Path) -> None:
    """Write the files of a list back below `folder`, which is empty; raise `FilesRefused`."""
    for item in kept:
        path = folder / _checked(item.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            left = item.bytes
            while left and (piece := source.read(min(left, PIECE_BYTES))):
                file.write(piece)
                left -= len(piece)
        if left:
            raise FilesRefused("the kept files end early")


def _files(folder: int, path: PurePosixPath, depth: int) -> Iterator[tuple[PurePosixPath, int]]:
    """(path, open descriptor) of every file below a folder, in order of names; closes the folder."""
    try:
        if depth > DEPTH_CAP:
            raise FilesRefused(f"folders deeper than {DEPTH_CAP}")
        for name in sorted(os.listdir(folder)):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from _files(_open_folder(name, folder), path / name, depth + 1)
            else:
                yield path / name, _open_file(name, folder)
    finally:
        os.close(folder)


def _open_folder(name: str | Path, parent: int | None) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        raise FilesRefused(f"a folder cannot be opened: {error.strerror}") from error


def _open_file(name: str, folder: int) -> int:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:  # a link, a socket
        raise FilesRefused(f"not a plain file: {error.strerror}") from error
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(file)
        raise FilesRefused("not a plain file")
    return file


def _copy(source: BinaryIO, target: Sink, room: int) -> int:
    if os.fstat(source.fileno()).st_size > room:
        raise FilesRefused(TOO_MUCH)
    size = 0
    while piece := source.read(PIECE_BYTES):
        size += len(piece)
        if size > room:
            raise FilesRefused(TOO_MUCH)
        target.write(piece)
    return size


def _checked(path: str) -> PurePosixPath:
    """A path that stays below its folder."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\x00" in part or len(part) > NAME_CAP_CHARS for part in parts):
        raise FilesRefused("a path leads out of its folder")
    return PurePosixPath(*parts)
