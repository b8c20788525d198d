"""Runs an hour by one, two and more hosts on one PostgreSQL, each host a group of processes of its own.

`python -m benchmarks.hosts [--runs N] [--pause SECONDS]`: real scored runs whose training sleeps at every
chunk, so that they wait more than they compute: as many hosts as there are share one machine's cores. What
cannot be shown so is hosts that compute: on one machine they take the cores from each other.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.many_hosts.hosts import Installation, hosts, installation

BYTE_BUDGET = 65_536


@dataclass(frozen=True)
class Measurement:
    """Seconds from the first claim to the last score, and how many runs each host ended."""

    hosts: int
    runs: int
    seconds: float
    shares: list[int]


def main(argv: list[str] | None = None) -> int:
    """Measure each number of hosts on an installation of its own, print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds that training sleeps at a chunk")
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-text-") as folder:
        data = _text(Path(folder))
        measured = [_measure(count, data, options) for count in options.hosts]
    _print(measured)
    return 0


def _text(folder: Path) -> Path:
    """Locked shards that all hosts read."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "prism_site.settings", "PRISM_VAR_DIR": str(folder / "var")}
    import django

    django.setup()
    from tests.evaluations.world import prepare_text

    return prepare_text(folder)


def _measure(count: int, data: Path, options: argparse.Namespace) -> Measurement:
    clusters = {f"host{number}": "gpu" if number else "default" for number in range(count)}
    with tempfile.TemporaryDirectory(prefix="prism-hosts-", dir="/tmp") as folder:
        with installation(Path(folder), data) as place, hosts(place, **clusters):
            place.wait(lambda: len(place.rows("SELECT 1 FROM evaluations_canary")) == count)
            place.queue(options.runs, pause=options.pause, byte_budget=BYTE_BUDGET)
            place.wait(lambda: bool(place.attempts()))
            begun = time.monotonic()
            place.wait(place.all_done, seconds=1_800)
            return Measurement(count, options.runs, time.monotonic() - begun, _shares(place, options.runs))


def _shares(place: Installation, runs: int) -> list[int]:
    """Every run was ended once, by whom."""
    ended = Counter(host for host, _, state, _ in place.attempts() if state == "finished")
    if sum(ended.values()) != runs:
        raise RuntimeError(f"{runs} runs were ended {sum(ended.values())} times")
    return sorted(ended.values(), reverse=True)


def _print(measured: list[Measurement]) -> None:
    table = Table(title=f"{measured[0].runs} runs, one slot a host")
    for heading in ("hosts", "seconds", "runs an hour", "of one host", "ended by each"):
        table.add_column(heading, justify="right")
    for row in measured:
        times = f"{measured[0].seconds / row.seconds:.2f} x"
        shares = " + ".join(map(str, row.shares))
        table.add_row(
            str(row.hosts), f"{row.seconds:.0f}", f"{3600 * row.runs / row.seconds:.0f}", times, shares
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
