"""SQLite: copied by its online backup API, which others' writes do not disturb, and put back by it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections

from prism_site.backup.errors import ArchiveDamaged, DatabaseBusy
from prism_site.backup.snapshot import LEFT_OUT, Snapshot

FILE = "prism.sqlite3"
WAIT_SECONDS = 20.0


def dump(folder: Path) -> Snapshot:
    """Copy the database into `folder` as it stands at one moment, without what a copy should not hold."""
    target = folder / FILE
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy)
        for table in LEFT_OUT:
            copy.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        copy.commit()
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("VACUUM")  # what was left out does not stay behind on free pages
        return Snapshot(
            server=sqlite3.sqlite_version,
            final_until=_moment(
                copy.execute("SELECT max(ends_at) FROM scoring_weightsnapshot").fetchone()[0]
            ),
            migrations=copy.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall(),
            tables={},
            files=[target],
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@contextmanager
def brought_up_to_date(staged: Path) -> Iterator[None]:
    """Within the block Django works on the file that is to be restored, migrated to the newest state."""
    with closing(sqlite3.connect(staged)) as copy:
        if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise ArchiveDamaged("the database in the archive is not sound")
    with _at(staged):
        call_command("migrate", interactive=False, verbosity=0)
        yield


def put_in_place(staged: Path) -> None:
    """Replace the database by the staged one in a single transaction of its own.

    Raises:
        DatabaseBusy: somebody else writes.
    """
    target = connections.settings["default"]["NAME"]
    connection.close()
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(staged)) as source:
        with closing(sqlite3.connect(target, timeout=WAIT_SECONDS)) as database:
            try:
                source.backup(database)
            except sqlite3.OperationalError as error:
                raise DatabaseBusy(
                    f"the database could not be replaced: {error}; stop what uses it"
                ) from error


@contextmanager
def _at(path: Path) -> Iterator[None]:
    """Django's connection leads to another file."""
    settings = connections.settings["default"]
    name = settings["NAME"]
    connections["default"].close()
    del connections["default"]
    settings["NAME"] = str(path)
    try:
        yield
    finally:
        connections["default"].close()
        del connections["default"]
        settings["NAME"] = name
