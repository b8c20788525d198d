"""Gzip tars as the wire carries them: made so that equal files give equal bytes, read as hostile input."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO

from evaluations.backends.broker.errors import BrokerError, JobTooLarge

MAX_MEMBERS = 1024
MAX_UNPACKED_BYTES = 512 << 20
MODE = 0o644  # the broker's user is not the container's
READ_BYTES = 1 << 16


class ArchiveRefused(BrokerError):
    """Not a gzip tar of a bearable size that holds plain files under plain names."""

    code = "job_archive_refused"


def pack(files: Mapping[str, bytes], *, max_bytes: int) -> bytes:
    """A gzip tar of regular files by their relative path, the same bytes for the same files.

    Raises:
        JobTooLarge: more than `max_bytes` when packed.
    """
    stream = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    if stream.tell() > max_bytes:
        raise JobTooLarge(f"the files of the job are {stream.tell()} bytes packed, {max_bytes} are allowed")
    return stream.getvalue()


def unpack(packed: bytes, *, max_bytes: int = MAX_UNPACKED_BYTES) -> dict[str, bytes]:
    """The files at the top of a gzip tar by name; folders and what lies in them are passed over.

    `max_bytes` bounds all that is inflated, headers and padding included.

    Raises:
        ArchiveRefused: links, devices, sparse files, paths that lead elsewhere, a name twice, too much of it.
    """
    inflated = io.BufferedReader(_Capped(packed, max_bytes), READ_BYTES)
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=inflated, mode="r|") as archive:
            for name, content in _plain_files(archive):
                if name in files:
                    raise ArchiveRefused(f"{name!r} is there twice")
                files[name] = content
    except (
        tarfile.TarError,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ArchiveRefused(f"{type(error).__name__}: {error}"[:300]) from error
    return files


def _plain_files(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for count, entry in enumerate(archive, start=1):
        if count > MAX_MEMBERS:
            raise ArchiveRefused(f"more than {MAX_MEMBERS} entries")
        path = _safe_path(entry.name)
        if entry.isdir():
            continue
        if not entry.isreg() or entry.issparse():
            raise ArchiveRefused(f"{entry.name!r} is no plain file")
        source = archive.extractfile(entry)
        if source is not None and len(path.parts) == 1:
            yield path.name, _read_all(source, entry)


def _safe_path(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable() or len(name) > 255:
        raise ArchiveRefused(f"{name[:100]!r} leads elsewhere")
    return path


def _read_all(source: IO[bytes], entry: tarfile.TarInfo) -> bytes:
    content = source.read()
    if len(content) != entry.size:
        raise ArchiveRefused(f"{entry.name!r} ends early")
    return content


class _Capped(io.RawIOBase):
    """The inflated bytes of one gzip stream, refused as soon as they are more than allowed."""

    def __init__(self, packed: bytes, max_bytes: int) -> None:
        self._inflater = zlib.decompressobj(wbits=31)
        self._packed, self._place, self._left = memoryview(packed), 0, max_bytes
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._inflater.eof:
            self._inflate()
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _inflate(self) -> None:
        waiting = self._inflater.unconsumed_tail or bytes(
            self._packed[self._place : self._place + READ_BYTES]
        )
        if not self._inflater.unconsumed_tail:
            self._place += len(waiting)
        if not waiting:
            raise EOFError("the compressed data ends early")
        self._ready = self._inflater.decompress(waiting, READ_BYTES)
        self._left -= len(self._ready)
        if self._left < 0:
            raise ArchiveRefused("it inflates to more than is allowed")
