"""Weights and leaderboard over many scored submissions, by one web process, and how the database finds them.

`python -m benchmarks.weights [--database URL] [--hotkeys N]`: a private database (SQLite in a temporary
folder, or an empty one by URL) is filled with official scores. One gunicorn worker with four threads answers
on loopback, one client at a time; then the same requests are made inside this process, whose processor time
says what they cost on a machine that is busy with other things too. At the end the database explains its
plans, and the snapshot of an epoch is taken.
"""

import argparse
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
        routes = _routes(_seed(options.submissions, options.hotkeys))
        with api.server(api.free_port(), workers=1) as port:
            measured = [api.measure(port, name, [path], options.requests, 1) for name, path in routes.items()]
        processor_ms = {name: _processor_p95_ms(path, options.requests) for name, path in routes.items()}
        _print(measured, processor_ms, options)
        for name, call in _calls(routes).items():
            print(f"\n{name}\n{_plan(call)}")
        print(f"\nsnapshot of an ended epoch: {_snapshot_seconds():.2f} s of processor time")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="an empty database; default: SQLite")
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--hotkeys", type=int, default=2_000)
    parser.add_argument("--requests", type=int, default=200, help="of each route")
    return parser


def _seed(submissions: int, hotkeys: int) -> int:
    """Fill the database; return the epoch before the newest."""
    api.seed(submissions, curves=0, hotkeys=hotkeys, events=False)
    from evaluations.enums import Mode
    from evaluations.models import Submission
    from scoring.models import Score

    Submission.objects.update(mode=Mode.GPU_PROXY_EVAL)
    Score.objects.update(mode=Mode.GPU_PROXY_EVAL)
    api.analyze()
    return Score.objects.order_by("-epoch").values_list("epoch", flat=True).distinct()[1]


def _routes(epoch: int) -> dict[str, str]:
    return {
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


def _calls(routes: dict[str, str]) -> dict[str, Callable[[], Any]]:
    """What the routes ask the database, by the same names."""
    from evaluations.enums import Mode
    from scoring import standings

    mode, epoch = Mode.GPU_PROXY_EVAL, int(routes["leaderboard of an epoch"].rpartition("=")[2])
    return {
        "weights": lambda: standings.eligible(mode, limit=8),
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


def _print(measured: list[Measurement], processor_ms: dict[str, float], options: argparse.Namespace) -> None:
    kind = options.database.partition(":")[0] or "sqlite"
    table = Table(title=f"{options.submissions} scores of {options.hotkeys} hotkeys, {kind}, one process")
    for heading in ("route", "requests", "median ms", "p95 ms", "p95 ms of processor time"):
        table.add_column(heading, justify="left" if heading == "route" else "right")
    for row in measured:
        numbers = (f"{row.median_ms:.1f}", f"{row.p95_ms:.1f}", f"{processor_ms[row.route]:.1f}")
        table.add_row(row.route, str(row.requests), *numbers)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
