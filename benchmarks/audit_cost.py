"""What auditing adds to scoring: seconds in which the auditor answers over seconds in which the scorer does.

Both answer alone, one after the other, so their turns can be timed in the referee and are compared within one
run. The audited share is the one that is asked for, not the least that a short run is audited on.

    .venv/bin/python -m benchmarks.audit_cost --bytes 524288 --audit 0.1 --runs 3
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from rich.console import Console
from rich.table import Table

from benchmarks.runner_overhead import ROOT, job
from evaluations.runner import auditor, session
from evaluations.runner.job import Schedule
from evaluations.runner.processes import Child
from evaluations.runner.turns import Turns


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", type=Path, default=ROOT / "examples" / "transformer")
    parser.add_argument("--bytes", type=int, default=524_288)
    parser.add_argument("--audit", type=float, default=0.1)
    parser.add_argument("--fraction", type=float, default=1.0, help="score_fraction")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    table = Table("run", "scorer, s", "auditor, s", "audited windows", "added")
    schedule = Schedule(score_fraction=options.fraction, audit_fraction=options.audit)
    added = []
    for number in range(options.runs):
        scoring, auditing, windows = measure(options.bundle, options.bytes, schedule)
        added.append(auditing / scoring)
        table.add_row(str(number), f"{scoring:.2f}", f"{auditing:.2f}", str(windows), f"{added[-1]:.1%}")
    Console().print(table)
    Console().print(f"median: {statistics.median(added):.1%} of scoring time")


def measure(bundle: Path, size: int, schedule: Schedule) -> tuple[float, float, int]:
    """Seconds of the scorer's and of the auditor's turns, and how many windows were audited."""
    seconds: dict[str, float] = {"predictor": 0.0, "auditor": 0.0}
    honest = Turns.of

    @contextmanager
    def timed(turns: Turns, child: Child) -> Iterator[None]:
        began = time.perf_counter()
        with honest(turns, child):
            yield
        seconds[child.role] += time.perf_counter() - began

    exact = mock.patch.object(auditor, "MIN_AUDITED_WINDOWS", 0)
    with tempfile.TemporaryDirectory(prefix="prism-audit-cost-") as name:
        with mock.patch.object(Turns, "of", timed), exact:
            manifest = session.run(job(bundle, Path(name), size, schedule), lambda line: None)
    assert manifest.audit is not None, manifest.reason
    return seconds["predictor"], seconds["auditor"], manifest.audit["windows"]


if __name__ == "__main__":
    main()
