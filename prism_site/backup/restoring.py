"""Restoring: everything is read and judged before anything is written, and the database comes last.

Artifacts lie beside those that are there, since their names hold run and token; so a restore that is killed
before the database was replaced has changed nothing that any row speaks of.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from evaluations.restored import begin_again
from prism_site.backup import postgresql, sqlite
from prism_site.backup.checking import Checked, check, unpack
from prism_site.backup.errors import GoesBackward, NotEmpty, OtherDatabase
from prism_site.backup.migrations import refuse_unknown
from prism_site.backup.taking import ARTIFACTS, DATABASE, artifacts
from prism_site.config import env

# Rows of these tables are somebody's work.
TELLING = ("evaluations_submission", "policy_runtimeconfig", "auth_user", "scoring_weightsnapshot")


@dataclass(frozen=True)
class Restored:
    """What is in place now; `voided` attempts had been running when the backup was taken."""

    taken_at: datetime
    voided: int
    artifacts: int


def restore(path: Path, *, force: bool = False, backward: bool = False) -> Restored:
    """Put the archive at `path` in place of what is there.

    `force` replaces an installation that is not empty, `backward` one whose weights are final for longer.

    Raises:
        BackupRefused: see `prism_site.backup.errors`; nothing was changed.
    """
    checked = check(path)
    _judge(checked, force=force, backward=backward)
    root = env().artifact_path
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".restoring-") as folder:
        staged = Path(folder)
        unpack(checked, staged)
        count = _merge(staged / ARTIFACTS, root)
        voided = _replace_database(checked, staged / DATABASE)
    return Restored(checked.manifest.taken_at, voided, count)


def _judge(checked: Checked, *, force: bool, backward: bool) -> None:
    manifest = checked.manifest
    if manifest.vendor != connection.vendor:
        raise OtherDatabase(
            f"the archive is of {manifest.vendor}, this installation runs {connection.vendor}"
        )
    refuse_unknown(manifest.migrations)
    if not force and (found := _what_is_there()):
        raise NotEmpty(f"this installation has {found}; --force replaces it")
    final_until = _final_until()
    if (
        not backward
        and final_until
        and final_until > (manifest.final_until or datetime.min.replace(tzinfo=UTC))
    ):
        raise GoesBackward(
            f"weights are final here until {final_until:%Y-%m-%d %H:%M} UTC, in the archive for less long;"
            " --backward gives them up"
        )


def _what_is_there() -> str:
    """In words, what a restore would replace; empty for a new installation."""
    if next(artifacts(env().artifact_path), None):
        return "artifacts"
    return next((f"rows in {table}" for table in TELLING if _rows("SELECT 1 FROM {} LIMIT 1", table)), "")


def _final_until() -> datetime | None:
    rows = _rows("SELECT max(ends_at) FROM {}", "scoring_weightsnapshot")
    value = rows[0][0] if rows else None
    if isinstance(value, str):  # SQLite's
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value if isinstance(value, datetime) else None


def _rows(query: str, table: str) -> list[tuple[object, ...]]:
    """Asked without models: the tables here may be of another version, or not be there."""
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return []
        cursor.execute(query.format(table))
        rows: list[tuple[object, ...]] = cursor.fetchall()
        return rows


def _merge(staged: Path, root: Path) -> int:
    """Move the archive's folders beside those that are there; one of the same name gives way."""
    folders = sorted(staged.iterdir()) if staged.is_dir() else []
    for folder in folders:
        shutil.rmtree(root / folder.name, ignore_errors=True)
        folder.rename(root / folder.name)
    return len(folders)


def _replace_database(checked: Checked, staged: Path) -> int:
    manifest = checked.manifest
    if connection.vendor == "sqlite":
        with sqlite.brought_up_to_date(staged / sqlite.FILE):
            voided = _begin_again(checked)
        sqlite.put_in_place(staged / sqlite.FILE)
        return voided
    with transaction.atomic():
        postgresql.load(staged, manifest.tables, manifest.migrations)
        call_command("migrate", interactive=False, verbosity=0)
        return _begin_again(checked)


def _begin_again(checked: Checked) -> int:
    return begin_again(
        backup_taken_at=checked.manifest.taken_at, manifest_sha256=checked.sha256, now=timezone.now()
    )
