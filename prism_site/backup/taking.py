"""Taking a backup: the database at one moment, then the artifacts that it speaks of.

In this order every artifact of the rows is there: an artifact is written before the row that relies on it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.db import connection

from evaluations.backends.folders import KEPT
from prism_site.api.version import CHALLENGE_VERSION
from prism_site.backup import postgresql, sqlite
from prism_site.backup.errors import TargetExists
from prism_site.backup.manifest import FORMAT, BackupManifest
from prism_site.backup.snapshot import Snapshot
from prism_site.backup.writing import MODE, ArchiveWriter, archive_into
from prism_site.config import env

ARTIFACTS, DATABASE = "artifacts", "database"


def take(target: Path, *, now: datetime) -> BackupManifest:
    """Write an archive to `target`, whole or not at all; readers and writers go on meanwhile.

    Raises:
        TargetExists: a backup is never overwritten.
        SourceChanged: an artifact became shorter while it was read.
    """
    if target.exists():
        raise TargetExists(f"{target} exists already")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        part = Path(folder) / "archive"
        manifest = _write(part, Path(folder), now)
        try:
            target.hardlink_to(part)
        except FileExistsError:
            raise TargetExists(f"{target} exists already") from None
    return manifest


def _write(part: Path, folder: Path, now: datetime) -> BackupManifest:
    snapshot = _dump(folder)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
        with archive_into(file) as archive:
            for source in snapshot.files:
                archive.add(f"{DATABASE}/{source.name}", source)
            _add_artifacts(archive)
            manifest = _manifest(snapshot, archive, now)
            archive.close_with(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _dump(folder: Path) -> Snapshot:
    return sqlite.dump(folder) if connection.vendor == "sqlite" else postgresql.dump(folder)


def _add_artifacts(archive: ArchiveWriter) -> None:
    for source in artifacts(env().artifact_path):
        with suppress(FileNotFoundError):  # of an attempt that is given up right now
            archive.add(f"{ARTIFACTS}/{source.parent.name}/{source.name}", source)


def artifacts(root: Path) -> Iterator[Path]:
    """What attempts leave behind for good, in a fixed order."""
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith("."):
            yield from (path for path in sorted(folder.iterdir()) if path.name in KEPT and _is_file(path))


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _manifest(snapshot: Snapshot, archive: ArchiveWriter, now: datetime) -> BackupManifest:
    return BackupManifest.model_validate(
        {
            "format": FORMAT,
            "taken_at": now,
            "version": CHALLENGE_VERSION,
            "vendor": connection.vendor,
            "server": snapshot.server,
            "final_until": snapshot.final_until,
            "migrations": snapshot.migrations,
            "tables": snapshot.tables,
            "members": archive.members,
        }
    )
