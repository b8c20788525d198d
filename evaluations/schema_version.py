"""Whether the database is at the schema that this code knows: a worker of another version claims nothing."""

from functools import cache

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

ROOMS = ("prism_site", "evaluations", "reviews", "scoring")
CODE = "schema_differs"
Name = tuple[str, str]  # app, migration


def difference() -> str:
    """What the database lacks or has beyond this code, in a sentence; empty where both agree."""
    known = _known()
    labels = {app for app, _ in known}
    applied = {name for name in MigrationRecorder(connection).applied_migrations() if name[0] in labels}
    if known - applied:
        return f"The database lacks {_named(known - applied)}: manage.py migrate."
    if applied - known:
        return f"This code does not know {_named(applied - known)}: start the version that does."
    return ""


@cache
def _known() -> frozenset[Name]:
    """Our own migrations, as they lie beside the code; read once by a process, which is one version."""
    own = [config for config in apps.get_app_configs() if config.name.partition(".")[0] in ROOMS]
    ours = {config.label for config in own}
    return frozenset(name for name in MigrationLoader(None).disk_migrations if name[0] in ours)


def _named(names: frozenset[Name] | set[Name]) -> str:
    return ", ".join(f"{app}.{name}" for app, name in sorted(names))
