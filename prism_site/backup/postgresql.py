"""PostgreSQL: every table by COPY within one snapshot, and back by COPY into tables made by our migrations.

Rows as text go into any later server, and into the schema of the version that wrote them, which is then
migrated on; a dump of the schema itself would tie an archive to both.
"""

from pathlib import Path
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from prism_site.backup.errors import DatabaseBusy
from prism_site.backup.migrations import leaves
from prism_site.backup.snapshot import LEFT_OUT, Snapshot

MADE_BY_MIGRATING = "django_migrations"
LOCK_WAIT = "10s"
BLOCK_BYTES = 1 << 20


def dump(folder: Path) -> Snapshot:
    """One file for each table; the database is PRISM's alone, so its schema's tables are all taken."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = _tables(cursor)
        files = [_copy_out(cursor, table, columns, folder) for table, columns in tables.items()]
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        migrations = cursor.fetchall()
        cursor.execute("SELECT max(ends_at) FROM scoring_weightsnapshot")
        return Snapshot(
            server=str(connection.pg_version),  # type: ignore[attr-defined]
            final_until=cursor.fetchone()[0],
            migrations=migrations,
            tables=tables,
            files=files,
        )


def load(folder: Path, tables: dict[str, list[str]], migrations: list[tuple[str, str]]) -> None:
    """Replace all tables by those of an archive, within the caller's transaction.

    Raises:
        DatabaseBusy: somebody else uses them.
    """
    with connection.cursor() as cursor:
        try:
            _drop_all(cursor)
        except OperationalError as error:
            raise DatabaseBusy(f"the tables could not be replaced: {error}; stop what uses them") from error
        MigrationExecutor(connection).migrate(leaves(migrations))
        for table in tables:  # some have rows of their migrations, and none of those refuses to lose them
            cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # migrations may have left some immediate
        for table, columns in tables.items():
            _copy_in(cursor, table, columns, folder / f"{table}.copy")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what was copied belongs together
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in tables:
            _continue_numbers(cursor, table)


def _tables(cursor: Any) -> dict[str, list[str]]:
    names = sorted(set(connection.introspection.table_names(cursor)) - {MADE_BY_MIGRATING, *LEFT_OUT})
    return {
        name: [column.name for column in connection.introspection.get_table_description(cursor, name)]
        for name in names
    }


def _copy_out(cursor: Any, table: str, columns: list[str], folder: Path) -> Path:
    target = folder / f"{table}.copy"
    with target.open("xb") as file, cursor.copy(_statement("COPY {} ({}) TO STDOUT", table, columns)) as copy:
        for block in copy:
            file.write(block)
    return target


def _copy_in(cursor: Any, table: str, columns: list[str], source: Path) -> None:
    with (
        source.open("rb") as file,
        cursor.copy(_statement("COPY {} ({}) FROM STDIN", table, columns)) as copy,
    ):
        while block := file.read(BLOCK_BYTES):
            copy.write(block)


def _statement(text: str, table: str, columns: list[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(text).format(sql.Identifier(table), names)


# Functions that our migrations made, which triggers call; not those of extensions.
FUNCTIONS = """
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""


def _drop_all(cursor: Any) -> None:
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_WAIT])
    for table in connection.introspection.table_names(cursor):
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
    cursor.execute(FUNCTIONS)
    for (signature,) in cursor.fetchall():
        cursor.execute(f"DROP ROUTINE {signature} CASCADE")  # as the server itself has quoted it


def _continue_numbers(cursor: Any, table: str) -> None:
    """New rows get numbers after those that were copied."""
    for found in connection.introspection.get_sequences(cursor, table):
        largest = sql.SQL("SELECT setval(%s::regclass, coalesce(max({0}), 0) + 1, false) FROM {1}")
        column = sql.Identifier(found["column"])
        cursor.execute(largest.format(column, sql.Identifier(table)), [f'"{found["name"]}"'])
