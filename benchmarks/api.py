"""Requests a second and 95th percentile of the API's busiest routes, against the real web server.

`python -m benchmarks.api [--database URL]`: a private database (SQLite in a temporary folder, or an empty
one by URL) is filled with submissions, gunicorn is started on loopback, and client threads with
keep-alive connections ask for one route after the other. Every request comes from an address of its own,
so that throttles count it and let it pass.
"""

import argparse
import http.client
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
BOOT_SECONDS = 60
TIMEOUT_SECONDS = 30
WARM_UP = 20
TOKEN = secrets.token_hex(16)
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Measurement:
    """One route: requests a second over all clients, and milliseconds of a single request."""

    route: str
    requests: int
    per_second: float
    median_ms: float
    p95_ms: float


def main(argv: list[str] | None = None) -> int:
    """Seed, serve, measure, print one table."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as folder:
        configure(Path(folder), options.database)
        ids = seed(options.submissions, options.curves)
        analyze()
        with server(free_port()) as port:
            measurements = [
                measure(port, name, paths, options.requests, options.clients)
                for name, paths in _routes(ids).items()
            ]
    _print(measurements, options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="an empty database; default: SQLite")
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--curves", type=int, default=200, help="submissions that have points")
    parser.add_argument("--requests", type=int, default=300, help="of each route")
    parser.add_argument("--clients", type=int, default=4, help="threads, one connection each")
    return parser


def configure(folder: Path, database: str, *, mode: str = "local_cpu_smoke") -> None:
    """Settings for this process and the server, before Django reads them."""
    (folder / "static").mkdir()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "prism_site.settings",
        "PRISM_VAR_DIR": str(folder),
        "PRISM_DATABASE_URL": database,
        "PRISM_SECRET_KEY": secrets.token_hex(32),
        "PRISM_TRUSTED_PROXIES": "1",
        "PRISM_EXECUTION_MODE": mode,
        "PRISM_SHARED_TOKEN": TOKEN,
    }


def seed(submissions: int, curves: int, *, hotkeys: int = 2_000, events: bool = True) -> list[UUID]:
    """Fill an empty database with scored submissions, the first `curves` of them with points; their ids."""
    import django

    django.setup()
    from django.core.management import call_command

    from evaluations.models import Submission

    call_command("migrate", verbosity=0)
    if Submission.objects.exists():
        sys.exit("the database holds submissions already; give an empty one")
    from benchmarks import api_rows

    return api_rows.seed(submissions, curves, hotkeys=hotkeys, events=events)


def analyze() -> None:
    """What a database that grew by itself would know by now."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _routes(ids: list[UUID]) -> dict[str, list[str]]:
    return {
        "leaderboard": ["/v1/leaderboard?limit=50"],
        "submission": [f"/v1/submissions/{submission_id}" for submission_id in ids],
        "curve": [f"/v1/submissions/{submission_id}/curve?points=500" for submission_id in ids],
    }


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def server(port: int, *, workers: int = 2) -> Iterator[int]:
    """Gunicorn as in production, four threads a worker; ended on the way out."""
    command = [sys.executable, "-m", "gunicorn", "prism_site.wsgi:application"]
    command += ["--bind", f"{HOST}:{port}", "--worker-class", "gthread", "--threads", "4"]
    command += ["--workers", str(workers)]
    command += ["--keep-alive", "30", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=TIMEOUT_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            _get(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS), "/version")
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the web server did not start")


def measure(port: int, name: str, paths: list[str], requests: int, clients: int) -> Measurement:
    """Share the requests of one route among the clients, after a warm-up that is not counted."""
    shares = [requests // clients + (client < requests % clients) for client in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda client: _client(port, paths, WARM_UP // clients, client), range(clients)))
        start = time.perf_counter()
        taken = list(pool.map(lambda client: _client(port, paths, shares[client], client), range(clients)))
        seconds = time.perf_counter() - start
    each_ms = [1000 * one for part in taken for one in part]
    p95 = quantiles(each_ms, n=20)[-1]
    return Measurement(name, len(each_ms), len(each_ms) / seconds, median(each_ms), p95)


def _client(port: int, paths: list[str], requests: int, number: int) -> list[float]:
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    choose = random.Random(number)
    taken = []
    for _ in range(requests):
        start = time.perf_counter()
        _get(connection, choose.choice(paths), address=f"10.{'.'.join(map(str, choose.randbytes(3)))}")
        taken.append(time.perf_counter() - start)
    connection.close()
    return taken


def _get(connection: http.client.HTTPConnection, path: str, address: str = "10.0.0.1") -> bytes:
    connection.request("GET", path, headers={"X-Forwarded-For": address, **AUTHORIZED})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path} answered {response.status}: {body[:200]!r}")
    return body


def _print(measurements: list[Measurement], options: argparse.Namespace) -> None:
    kind = options.database.partition(":")[0] or "sqlite"
    table = Table(
        title=f"API: {options.submissions} submissions, {kind}, {options.clients} clients, gunicorn 2 x 4"
    )
    for heading in ("route", "requests", "requests/s", "median ms", "p95 ms"):
        table.add_column(heading, justify="left" if heading == "route" else "right")
    for row in measurements:
        numbers = (f"{row.per_second:.0f}", f"{row.median_ms:.1f}", f"{row.p95_ms:.1f}")
        table.add_row(row.route, str(row.requests), *numbers)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
