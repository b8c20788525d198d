"""First contentful paint, bytes and requests of every kind of page in a real Chromium, against a budget.

`python -m benchmarks.pages`: a private database is filled with scored submissions, gunicorn is started on
loopback, and a browser with an empty cache opens each page a few times. Bytes are those on the wire.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.table import Table

from benchmarks.api import HOST, analyze, configure, free_port, server
from benchmarks.chromium import chromium, collect_static

TIMES = 3
PAINT_BUDGET_MS = 1000.0
BYTES_BUDGET = 100_000  # without plotly.js, which curves alone need
REQUESTS_BUDGET = 25
PLOTLY = "plotly.min.js"
# Requests are those until the page has loaded: polling afterwards is counted by nobody's budget.
PAINT = """async () => {
  const painted = () => performance.getEntriesByName('first-contentful-paint')[0];
  for (let frame = 0; frame < 60 && !painted(); frame++) await new Promise(requestAnimationFrame);
  return painted()?.startTime ?? null;
}"""
LOADED = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map(each => ({ name: each.name, bytes: each.transferSize }))"""


@dataclass(frozen=True)
class Weight:
    """One page: when it shows something, and what it takes until it has loaded."""

    page: str
    paint_ms: float
    bytes_sent: int  # without plotly.js
    plotly_bytes: int
    requests: int

    @property
    def exceeded(self) -> list[str]:
        """What of the budget was not kept."""
        over = {
            "paint": self.paint_ms > PAINT_BUDGET_MS,
            "bytes": self.bytes_sent > BYTES_BUDGET,
            "requests": self.requests > REQUESTS_BUDGET,
        }
        return [name for name, is_over in over.items() if is_over]


def main(argv: list[str] | None = None) -> int:
    """Fill, serve, open, print one table; 1 where a budget was not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--submissions", type=int, default=120)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as folder:
        configure(Path(folder), "")
        ids = fill(options.submissions)
        collect_static()
        analyze()
        with server(free_port()) as port, chromium() as browser:
            weights = [weigh(browser, f"http://{HOST}:{port}", path) for path in _pages(ids)]
    _print(weights)
    return 1 if any(weight.exceeded for weight in weights) else 0


def fill(submissions: int) -> list[UUID]:
    """Scored submissions with whole manifests and curves, made by the verbs that make them; their ids."""
    import django

    django.setup()
    from django.core.management import call_command

    from tests import factories

    call_command("migrate", verbosity=0)
    eases = (1 + number / submissions for number in range(submissions))
    return [factories.make_completed(ease=ease).submission_id for ease in eases]


def _pages(ids: list[UUID]) -> list[str]:
    return [
        "/",
        "/leaderboard",
        "/architectures",
        "/compare",
        f"/compare?ids={ids[0]},{ids[1]}",
        f"/submissions/{ids[0]}",
        "/submit",
        "/login/",
    ]


def weigh(browser: Browser, base: str, path: str) -> Weight:
    """Open a page with an empty cache; the median paint, and the sizes of the last time."""
    paints: list[float] = []
    for _ in range(TIMES):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        answer = page.goto(base + path, wait_until="load")
        if answer is None or not answer.ok:
            raise RuntimeError(f"{path} answered {answer and answer.status}")
        paints.append(_paint(page))
        loaded = page.evaluate(LOADED)
        context.close()
    plotly = sum(each["bytes"] for each in loaded if each["name"].endswith(PLOTLY))
    return Weight(path, median(paints), sum(each["bytes"] for each in loaded) - plotly, plotly, len(loaded))


def _paint(page: Page) -> float:
    """Milliseconds from the start of the navigation; infinity where nothing was painted."""
    found = page.evaluate(PAINT)
    return float("inf") if found is None else float(found)


def _print(weights: list[Weight]) -> None:
    table = Table(title="Pages in Chromium, empty cache, loopback")
    for heading in ("page", "first paint ms", "kB", "plotly kB", "requests", "over budget"):
        table.add_column(heading, justify="left" if heading in {"page", "over budget"} else "right")
    for each in weights:
        numbers = (f"{each.paint_ms:.0f}", f"{each.bytes_sent / 1000:.1f}", f"{each.plotly_bytes / 1000:.0f}")
        table.add_row(each.page[:40], *numbers, str(each.requests), ", ".join(each.exceeded) or "-")
    table.add_row(
        "budget", f"{PAINT_BUDGET_MS:.0f}", f"{BYTES_BUDGET / 1000:.0f}", "", str(REQUESTS_BUDGET), ""
    )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
