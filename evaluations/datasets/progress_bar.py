"""A bar for people who wait for `prepare_data`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from evaluations.datasets import build
from evaluations.datasets.plan import DataPlan

COLUMNS = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())


@contextmanager
def progress_bar(plan: DataPlan) -> Iterator[build.Report]:
    """Shows progress on a terminal, and nothing elsewhere; bytes are bytes of text."""
    console = Console(file=sys.stderr)
    with Progress(*COLUMNS, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(plan.dataset, total=plan.limit_bytes)

        def report(progress: build.Progress) -> None:
            words = f"{plan.dataset}: {progress.documents} documents, {progress.generations} checkpoints"
            bar.update(task, completed=progress.text_bytes, description=words)

        yield report
