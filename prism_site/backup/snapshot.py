"""The database as it stood at one moment, in files."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Sign-ins, which their owners can repeat, and messages of the queue, which reconciling rings again: both are
# signed by the secret key, which is not in the archive.
LEFT_OUT = ("django_session", "django_q_ormq")


@dataclass(frozen=True)
class Snapshot:
    """`tables`: the columns of every table that has a file of its own; `final_until`: end of the last epoch
    whose weights are written down."""

    server: str
    final_until: datetime | None
    migrations: list[tuple[str, str]]
    tables: dict[str, list[str]]
    files: list[Path]
