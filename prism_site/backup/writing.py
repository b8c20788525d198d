"""Writing an archive as a stream: a gzip tar whose every member is hashed while it goes in."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from prism_site.backup.errors import SourceChanged
from prism_site.backup.manifest import NAME, BackupManifest, Member

MODE = 0o600  # it holds password hashes, and work that is not public yet
COMPRESSION = 3  # artifacts are floating-point numbers: more effort gains little


class _Hashing(io.RawIOBase):
    """A file of which exactly `size` bytes are read, so that one which grows meanwhile fits its header."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.left, self.digest = file, size, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        block = self.file.read(self.left if count < 0 else min(count, self.left))
        self.left -= len(block)
        self.digest.update(block)
        return block


class ArchiveWriter:
    """Adds members; `close_with` writes the manifest."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar, self.members = tar, list[Member]()

    def add(self, path: str, source: Path) -> None:
        """One regular file, as many bytes of it as there are now.

        Raises:
            SourceChanged: it became shorter while it was read.
            FileNotFoundError: it is gone.
        """
        with source.open("rb") as file:
            info = tarfile.TarInfo(path)
            info.size, info.mode = source.stat().st_size, MODE
            info.mtime = int(source.stat().st_mtime)
            hashing = _Hashing(file, info.size)
            try:
                self.tar.addfile(info, hashing)
            except OSError as error:
                raise SourceChanged(f"{path} could not be read whole: {error}") from error
        self.members.append(Member(path=path, bytes=info.size, sha256=hashing.digest.hexdigest()))

    def close_with(self, manifest: BackupManifest) -> None:
        """The manifest goes in last."""
        text = manifest.model_dump_json(indent=1).encode()
        info = tarfile.TarInfo(NAME)
        info.size, info.mode = len(text), MODE
        self.tar.addfile(info, io.BytesIO(text))


@contextmanager
def archive_into(file: IO[bytes]) -> Iterator[ArchiveWriter]:
    """An archive that goes to `file` as it grows; nothing is sought back to."""
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as compressed:
        with tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            yield ArchiveWriter(tar)
