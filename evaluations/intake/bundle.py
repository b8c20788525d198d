"""A bundle that kept every rule of intake: its files, its manifest and the hash that is its identity."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evaluations.intake.archive import ArchiveLimits, read_archive
from evaluations.intake.folder import read_tree
from evaluations.intake.manifest import BundleManifest, read_manifest
from evaluations.intake.text import check_text

_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE_0644 = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by name (read-only, sorted), the manifest, and the SHA-256 of the content (64 hex)."""

    manifest: BundleManifest
    files: Mapping[str, bytes]
    code_hash: str

    def write_to(self, folder: Path) -> None:
        """Materialise the files under `folder`, each 0644; the folder is made if absent.

        Raises:
            FileExistsError: a file is already there; nothing is overwritten, no link is followed.
        """
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(path, data)


def read_bundle(raw: bytes, limits: ArchiveLimits) -> Bundle:
    """The bundle in the ZIP archive `raw`.

    Raises:
        BundleRefused: with the code of the first rule it breaks: archive, then text, then manifest.
    """
    return bundle_of(read_archive(raw, limits))


def read_folder(path: Path, limits: ArchiveLimits) -> Bundle:
    """The bundle in the folder `path`; the same rules and the same hash as its archive.

    Raises:
        BundleRefused: as `read_bundle`.
        NotADirectoryError: there is no such folder.
    """
    return bundle_of(read_tree(path, limits))


def pack(files: Mapping[str, bytes]) -> bytes:
    """A plain ZIP archive of `files`, sorted, without dates or owners: the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
            info.create_system = _UNIX
            info.external_attr = _PLAIN_FILE_0644
            archive.writestr(info, files[name], compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def code_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over the listing `name NUL length NUL sha256 LF` in the order of names.

    The same content has the same hash whatever archive it came in.
    """
    listing = hashlib.sha256()
    for name in sorted(files):
        digest = hashlib.sha256(files[name]).hexdigest()
        listing.update(f"{name}\0{len(files[name])}\0{digest}\n".encode())
    return listing.hexdigest()


def listing_of(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """`[{"name", "bytes", "sha256"}]`, sorted by name."""
    return [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(files.items())
    ]


def bundle_of(files: Mapping[str, bytes]) -> Bundle:
    """The bundle of `files` by name; raises `BundleRefused` where a text or the manifest breaks a rule."""
    for name, data in files.items():
        check_text(name, data)
    return Bundle(read_manifest(files), MappingProxyType(dict(sorted(files.items()))), code_hash(files))


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o644)  # whatever the umask
        file.write(data)
