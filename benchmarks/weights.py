"""Weights, leaderboard and architectures over many scored submissions, by one web process.

`python -m benchmarks.weights [--database URL] [--hotkeys N] [--families N]`: a private database (SQLite in a
temporary folder, or an empty one by URL) is filled with official scores in families. One gunicorn worker with
four threads answers on loopback, one client at a time; then the same requests are made inside this process,
whose processor time says what they cost on a machine that is busy with other things too. At the end the
database explains its plans, the most similar graphs are looked up, and the snapshot of an epoch is taken.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import api
from benchmarks.api import Measurement


def main(argv: list[str] | None = None) -> int:
    """Seed, serve, measure, explain."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as folder:
        api.configure(Path(folder), options.database, mode="gpu_proxy_eval")
        routes = _routes(_seed(options.submissions, options.hotkeys, options.families))
        with api.server(api.free_port(), workers=1) as port:
            measured = [api.measure(port, name, [path], options.requests, 1) for name, path in routes.items()]
        processor_ms = {name: _processor_p95_ms(path, options.requests) for name, path in routes.items()}
        queries = {name: _queries(path) for name, path in routes.items()}
        _print(measured, processor_ms, queries, options)
        for name, call in _calls(routes).items():
            print(f"\n{name}\n{_plan(call)}")
        cold, warm = _similarity_ms()
        print(f"\nmost similar graphs: {cold:.0f} ms by a new process, then {warm:.1f} ms (processor time)")
        print(f"snapshot of an ended epoch: {_snapshot_seconds():.2f} s of processor time")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="an empty database; default: SQLite")
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--hotkeys", type=int, default=2_000)
    parser.add_argument("--families", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=200, help="of each route")
    return parser


def _seed(submissions: int, hotkeys: int, families: int) -> int:
    """Fill the database; return the epoch before the newest."""
    api.seed(submissions, curves=0, hotkeys=hotkeys, events=False)
    from benchmarks import api_family_rows
    from evaluations.enums import Mode
    from evaluations.models import Submission
    from scoring.models import Score

    Submission.objects.update(mode=Mode.GPU_PROXY_EVAL)
    Score.objects.update(mode=Mode.GPU_PROXY_EVAL)
    api_family_rows.seed(families)
    api.analyze()
    return Score.objects.order_by("-epoch").values_list("epoch", flat=True).distinct()[1]


def _routes(epoch: int) -> dict[str, str]:
    from scoring.models import Family

    family = Family.objects.order_by("-best_score").values_list("pk", flat=True)[0]
    return {
        "architectures": "/v1/architectures?limit=50",
        "architecture": f"/v1/architectures/{family}",
        "variants of an architecture": f"/v1/architectures/{family}/variants",
        "training variants": "/v1/training-variants?limit=50",
        "weights": "/internal/v1/get_weights",
        "leaderboard": "/v1/leaderboard?limit=50",
        "leaderboard of an epoch": f"/v1/leaderboard?limit=50&epoch={epoch}",
    }


def _processor_p95_ms(path: str, requests: int) -> float:
    """95th percentile over requests to the whole stack of views, without a socket."""
    from django.test import Client

    client, taken = Client(), []
    with redirect_stdout(StringIO()):  # a line of the log for each request
        for number in range(requests + api.WARM_UP):
            address = f"10.99.{number // 250}.{number % 250}"
            headers = {"X-Forwarded-For": address, **api.AUTHORIZED}
            start = time.thread_time()
            response = client.get(path, headers=headers, SERVER_NAME=api.HOST)
            taken.append(1000 * (time.thread_time() - start))
            if response.status_code != 200:
                raise RuntimeError(f"{path} answered {response.status_code}")
    return quantiles(taken[api.WARM_UP :], n=20)[-1]


def _queries(path: str) -> int:
    """What one request asks the database."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    with redirect_stdout(StringIO()), CaptureQueriesContext(connection) as queries:
        Client().get(path, headers={"X-Forwarded-For": "10.98.1.1", **api.AUTHORIZED}, SERVER_NAME=api.HOST)
    return len(queries)


def _similarity_ms() -> tuple[float, float]:
    """Looking up the graphs most similar to a new one: the first time in a process, and after that."""
    from benchmarks.api_family_rows import histogram
    from scoring.graph_index import index_of
    from scoring.models import FamilyTurn

    taken = []
    for _ in range(20):
        start = time.thread_time()
        index_of(FamilyTurn.objects.get()).similarities(histogram(random.Random(7)))
        taken.append(1000 * (time.thread_time() - start))
    return taken[0], quantiles(taken[1:], n=20)[-1]


def _calls(routes: dict[str, str]) -> dict[str, Callable[[], Any]]:
    """What the routes ask the database, by the same names."""
    from evaluations.enums import Mode
    from scoring import families, paid_families, standings

    mode, epoch = Mode.GPU_PROXY_EVAL, int(routes["leaderboard of an epoch"].rpartition("=")[2])
    return {
        "weights": lambda: paid_families.eligible(mode, limit=8),
        "architectures": lambda: list(families.listed(mode)[:51]),
        "training variants": lambda: list(families.newest_variants(mode)[:51]),
        "leaderboard": lambda: standings.leaderboard(mode, limit=51),
        "leaderboard of an epoch": lambda: standings.leaderboard(mode, epoch=epoch, limit=51),
    }


def _plan(call: Callable[[], Any]) -> str:
    """How the database answers the one query of a call."""
    from django.db import connection, reset_queries

    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    connection.force_debug_cursor = True
    reset_queries()
    call()
    connection.force_debug_cursor = False
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {connection.queries[-1]['sql']}")
        return "\n".join(f"  {row[-1]}" for row in cursor.fetchall())


def _snapshot_seconds() -> float:
    from scoring.snapshots import take_next

    start = time.thread_time()
    if take_next() is None:
        sys.exit("no epoch has ended")
    return time.thread_time() - start


def _print(
    measured: list[Measurement],
    processor_ms: dict[str, float],
    queries: dict[str, int],
    options: argparse.Namespace,
) -> None:
    kind = options.database.partition(":")[0] or "sqlite"
    size = f"{options.submissions} scores of {options.hotkeys} hotkeys in {options.families} families"
    table = Table(title=f"{size}, {kind}, one process")
    for heading in ("route", "requests", "queries", "median ms", "p95 ms", "p95 ms of processor time"):
        table.add_column(heading, justify="left" if heading == "route" else "right")
    for row in measured:
        times = (f"{row.median_ms:.1f}", f"{row.p95_ms:.1f}", f"{processor_ms[row.route]:.1f}")
        table.add_row(row.route, str(row.requests), str(queries[row.route]), *times)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
