"""What the sandbox costs: setting it up, starting behind it, and training in it.

`python -m benchmarks.sandbox [--pairs N] [--steps N]`: every figure compares a process behind the walls with
the same process without them. The two of a pair run one after the other, taking turns, so that what else the
machine does falls on both; ratios are of pairs.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluations.runner.processes import Child, Place
from evaluations.runner.sandbox.limits import ResourceLimits
from evaluations.runner.sandbox.policy import policy

MEMORY_BYTES = 8 << 30
TRAINING_SECONDS = 600.0


@dataclass(frozen=True)
class Trained:
    """One process from its start to its end."""

    attestation: dict[str, Any]
    start_seconds: float  # until it attested
    cpu_seconds: float
    wall_seconds: float
    loss: str


def train(folder: Path, steps: int, *, walled: bool) -> Trained:
    """Start a process, with or without walls, and let it train."""
    place = Place("benchmark", "benchmarks.sandbox_training", folder, folder)
    limits = ResourceLimits(memory_bytes=MEMORY_BYTES)
    walls = policy(read=(Path(__file__).parent,), write=place.writable, limits=limits) if walled else None
    began = time.monotonic()
    child = Child(place, walls, folder / "log", 1)
    try:
        attestation = child.attestation()
        started = time.monotonic() - began
        child.channel.send({"type": "order", "steps": steps})
        said = child.channel.receive(deadline=time.monotonic() + TRAINING_SECONDS).header
    finally:
        child.end()
        child.slot.close()
    if said.get("type") != "trained":
        raise SystemExit(f"the training failed: {(folder / 'log').read_text()}")
    return Trained(attestation, started, said["cpu_seconds"], said["wall_seconds"], said["loss"])


def pairs(count: int, steps: int) -> list[tuple[Trained, Trained]]:
    """(behind the walls, without) as often as asked, in alternating order."""
    found = []
    with tempfile.TemporaryDirectory(prefix="prism-benchmark-") as folder:
        for number in range(count):
            order = (True, False) if number % 2 else (False, True)
            runs = {walled: train(Path(folder), steps, walled=walled) for walled in order}
            found.append((runs[True], runs[False]))
    return found


def figures(found: list[tuple[Trained, Trained]]) -> dict[str, list[float]]:
    """Name of each figure to its value per pair."""
    walled = [pair[0] for pair in found]
    return {
        "walls, ms": [run.attestation["setup_milliseconds"] for run in walled],
        "walls and self-test, ms": [run.attestation["milliseconds"] for run in walled],
        "start until attested, difference in ms": [
            (a.start_seconds - b.start_seconds) * 1e3 for a, b in found
        ],
        "training, CPU time ratio": [a.cpu_seconds / b.cpu_seconds for a, b in found],
        "training, wall time ratio": [a.wall_seconds / b.wall_seconds for a, b in found],
    }


def main(argv: list[str]) -> int:
    """Print one table; exit 1 where a loss differs by a bit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args(argv)
    found = pairs(max(2, options.pairs), options.steps)
    same = len({run.loss for pair in found for run in pair}) == 1
    table = Table("figure", "p10", "median", "p90", title=f"{len(found)} pairs, {os.cpu_count()} processors")
    for name, values in figures(found).items():
        tenths = quantiles(values, n=10, method="inclusive")
        table.add_row(name, f"{tenths[0]:.3f}", f"{median(values):.3f}", f"{tenths[8]:.3f}")
    console = Console()
    console.print(table)
    console.print("loss bit-identical" if same else "[red]losses differ[/]")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
