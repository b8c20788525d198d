"""How long a curve of a million points takes: to be stored, answered, drawn, looked at closer, and panned.

`python -m benchmarks.curve [--points N]`: a private database (SQLite in a temporary folder, or an empty one
by URL) gets one submission, whose points come in as those of every run. Then gunicorn is asked for the
figure, and a real Chromium opens the page, zooms in and pans.
"""

import argparse
import http.client
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

import numpy as np
from playwright.sync_api import Page
from rich.console import Console
from rich.table import Table

from benchmarks.api import HOST, analyze, configure, free_port, seed, server
from benchmarks.chromium import chromium, collect_static, milliseconds_since

BUDGET_SECONDS = 1.0  # from the address to the drawn curve
FRAME_BUDGET_MS = 50.0  # of a frame while panning: below, a drag follows the hand
TIMES = 5
AT_ONCE = 50_000
ANSWER_SECONDS = 60
CHUNK_BYTES = 4096
DRAWN = "[data-curve-canvas][data-points] .main-svg"
ZOOM = """async () => {
  const canvas = document.querySelector('[data-curve-canvas]'), end = canvas.layout.xaxis.range[1];
  canvas.dataset.shown = '';
  await Plotly.relayout(canvas, { 'xaxis.range': [0.9 * end, 0.92 * end] });
  while (canvas.dataset.shown === '') await new Promise(requestAnimationFrame);
}"""
FRAMES = """async () => {
  const canvas = document.querySelector('[data-curve-canvas]'), [low, high] = canvas.layout.xaxis.range;
  const step = (high - low) / 60, took = [];
  for (let frame = 1; frame <= 30; frame++) {
    const began = performance.now();
    await Plotly.relayout(canvas, { 'xaxis.range': [low + frame * step / 8, high + frame * step / 8] });
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - began);
  }
  return took;
}"""


@dataclass(frozen=True)
class Line:
    """One thing measured, in milliseconds; `budget_ms` where there is one."""

    name: str
    milliseconds: float
    budget_ms: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the budget was kept, if there is one."""
        return self.budget_ms is None or self.milliseconds <= self.budget_ms


def main(argv: list[str] | None = None) -> int:
    """Fill, serve, measure, print one table; 1 where a budget was not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="an empty database; default: SQLite")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as folder:
        configure(Path(folder), options.database)
        [submission_id] = seed(1, 1, hotkeys=1, events=False)
        collect_static()
        began = time.perf_counter()
        fill(submission_id, options.points)
        stored = Line("all points stored", milliseconds_since(began))
        analyze()
        with server(free_port()) as port:
            lines = [stored, *_served(port, submission_id), *_seen(port, submission_id)]
    _print(lines, options.points)
    return 0 if all(line.kept for line in lines) else 1


def fill(submission_id: UUID, count: int) -> None:
    """Points of a noisy power law instead of the few that are there, stored as a run's progress is."""
    from evaluations import progress
    from evaluations.models import Attempt, CurvePoint

    attempt = Attempt.objects.get(run__submission_id=submission_id)
    CurvePoint.objects.all().delete()
    Attempt.objects.filter(pk=attempt.pk).update(lines_ingested=0)
    noise = np.random.default_rng(0).normal(0, 0.05, count)
    bits = CHUNK_BYTES * (2.1 + 5.9 * np.arange(1, count + 1) ** -0.3 + noise)
    totals = np.cumsum(bits)
    for first in range(0, count, AT_ONCE):
        chunks = range(first, min(count, first + AT_ONCE))
        points = [
            CurvePoint(
                attempt=attempt,
                index=index,
                stream_bytes=CHUNK_BYTES * (index + 1),
                bits=float(totals[index]),
                chunk_bytes=CHUNK_BYTES,
                chunk_bits=float(bits[index]),
                tokens=CHUNK_BYTES * (index + 1),
                seconds=0.1 * (index + 1),
                nonfinite=int(index % 100_000 == 7),
            )
            for index in chunks
        ]
        progress.store(attempt, points, before=chunks.start, after=chunks.stop)


def _served(port: int, submission_id: UUID) -> list[Line]:
    """The figure as the server gives it: whole, of a window, smoother, and what is new."""
    asked = {
        "figure, all of it": "x=chunks",
        "figure, a thousandth of it": "x=chunks&from=500000&to=501000",
        "figure, with a mean of 100 chunks": "x=chunks&smooth=mean&span=100",
        "figure, with an EMA of 100 chunks": "x=chunks&smooth=ema&span=100",
    }
    return [
        Line(name, _answered(port, f"{_path(submission_id)}/figure?{query}")) for name, query in asked.items()
    ]


def _path(submission_id: UUID) -> str:
    return f"/submissions/{submission_id}"


def _answered(port: int, path: str) -> float:
    """Median milliseconds until the whole answer is there."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        taken.append(milliseconds_since(began))
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    connection.close()
    return median(taken)


def _seen(port: int, submission_id: UUID) -> list[Line]:
    """The page in Chromium: from the address to the curve, a closer look, and frames of a pan."""
    address = f"http://{HOST}:{port}{_path(submission_id)}?x=chunks"
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector(DRAWN)  # the files are in the browser's cache now, as at every later visit
        opened = [_opened(page, address) for _ in range(TIMES)]
        zoomed = _zoomed(page)
        frames = page.evaluate(FRAMES)
    return [
        Line("page opened, curve drawn", median(opened), 1000 * BUDGET_SECONDS),
        Line("zoomed in a hundredfold, drawn anew", zoomed, 1000 * BUDGET_SECONDS),
        Line("frame of a pan, median", median(frames), FRAME_BUDGET_MS),
    ]


def _opened(page: Page, address: str) -> float:
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(DRAWN)
    return milliseconds_since(began)


def _zoomed(page: Page) -> float:
    began = time.perf_counter()
    page.evaluate(ZOOM)
    return milliseconds_since(began)


def _print(lines: list[Line], points: int) -> None:
    table = Table(title=f"A curve of {points:,} points".replace(",", " "))
    for heading in ("what", "ms", "budget ms"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for line in lines:
        budget = "" if line.budget_ms is None else f"{line.budget_ms:.0f}{'' if line.kept else ' exceeded'}"
        table.add_row(line.name, f"{line.milliseconds:.0f}", budget)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
