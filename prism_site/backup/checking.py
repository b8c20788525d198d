"""Reading an archive as a stream, member by member, and holding it against its manifest.

An archive comes from a disk that may lie, or from somebody: nothing is written before all of it was read.
"""

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from prism_site.backup.errors import ArchiveDamaged, ArchiveUnreadable, FormatUnknown
from prism_site.backup.manifest import FORMAT, MAX_BYTES, NAME, BackupManifest, Member

BLOCK_BYTES = 1 << 20
NAMES = re.compile(r"database/[a-z0-9_]+\.(?:copy|sqlite3)|artifacts/[0-9a-f-]{36}\.[0-9]+/[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Checked:
    """An archive that is what its manifest says; `sha256` is the manifest's own."""

    path: Path
    manifest: BackupManifest
    sha256: str


def check(path: Path) -> Checked:
    """Read the whole archive.

    Raises:
        ArchiveUnreadable: no gzip tar, or one that ends early.
        ArchiveDamaged: a member that is missing, unasked for, of another kind, or other than was written.
        FormatUnknown: of another version of this format.
    """
    found: list[Member] = []
    with _members(path) as members:
        for info, file in members:
            if info.name == NAME:
                text = _text(info, file)
                break
            found.append(Member(path=info.name, bytes=info.size, sha256=_digest(file)))
        else:
            raise ArchiveDamaged("the archive has no manifest: it was not written to its end")
        if next(members, None) is not None:
            raise ArchiveDamaged("something follows the manifest")
    manifest = _parsed(text)
    _hold_against(manifest.members, found)
    return Checked(path, manifest, hashlib.sha256(text).hexdigest())


def unpack(checked: Checked, folder: Path) -> None:
    """Write the members into `folder`, which is empty; each is held against its hash once more."""
    expected = {member.path: member for member in checked.manifest.members}
    with _members(checked.path) as members:
        for info, file in members:
            if info.name == NAME:
                return
            target = folder / info.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if info.name not in expected or _copy(file, target) != expected[info.name].sha256:
                raise ArchiveDamaged(f"{info.name} changed while it was being restored")


@contextmanager
def _members(path: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    try:
        with path.open("rb") as file, gzip.GzipFile(fileobj=file) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                yield _regular_files(tar)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ArchiveUnreadable(f"{path}: {error}") from error


def _regular_files(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for info in tar:
        file = tar.extractfile(info) if info.isreg() else None
        if file is None or (info.name != NAME and not NAMES.fullmatch(info.name)):
            raise ArchiveDamaged(f"a backup has no member such as {info.name[:100]!r}")
        yield info, file


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _copy(file: IO[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as copy:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()


def _text(info: tarfile.TarInfo, file: IO[bytes]) -> bytes:
    if info.size > MAX_BYTES:
        raise ArchiveDamaged("the manifest is too large")
    return file.read()


def _parsed(text: bytes) -> BackupManifest:
    try:
        manifest = BackupManifest.model_validate_json(text)
    except ValidationError as error:
        raise ArchiveDamaged(f"the manifest is none: {error.errors()[0]['msg']}") from None
    if manifest.format != FORMAT:
        raise FormatUnknown(f"the archive is a {manifest.format[:40]!r}; this version reads {FORMAT}")
    return manifest


def _hold_against(expected: list[Member], found: list[Member]) -> None:
    if len({member.path for member in found}) < len(found):
        raise ArchiveDamaged("a member occurs twice")
    wrong = sorted({member.path for member in set(expected) ^ set(found)})
    if wrong:
        raise ArchiveDamaged(f"{len(wrong)} members are not as they were written, first {wrong[0]}")
