"""Which state of the tables an archive was written in."""

from collections.abc import Iterable

from django.db.migrations.loader import MigrationLoader

from prism_site.backup.errors import TooNew


def refuse_unknown(applied: Iterable[tuple[str, str]]) -> None:
    """Raise `TooNew` where the archive knows migrations that this version does not."""
    known = _loader().disk_migrations
    unknown = sorted(set(applied) - set(known))
    if unknown:
        named = ", ".join(f"{app}.{name}" for app, name in unknown[:3])
        raise TooNew(f"the archive was written by another version ({named}); restore it with that version")


def leaves(applied: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last applied migrations of every application: what to migrate to for the same tables."""
    graph, names = _loader().graph, set(applied)
    return [
        name
        for name in sorted(names)
        if not any(child.key in names and child.key[0] == name[0] for child in graph.node_map[name].children)
    ]


def _loader() -> MigrationLoader:
    """Migrations as they lie on disk, whatever the database says."""
    return MigrationLoader(None)
