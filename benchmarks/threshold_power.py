"""How often a rerun under another seed takes the place of the best, and how often a true improvement does.

    python -m benchmarks.threshold_power                              small real runs, under several seeds
    python -m benchmarks.threshold_power --runs 0 --curves FOLDER     logged losses alone (CSV: train_loss)

A true improvement of g is a rerun whose chunks all cost g less: its noise is real, its gain is known. The aim
is that fewer than one in twenty reruns win.
"""

import argparse
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import threshold_curves, threshold_runs
from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.paired import Verdict, improvement

Manifest = dict[str, Any]
Submission = Sequence[Manifest]
GAINS = (0.0, 0.002, 0.005, 0.01)
MOST_PAIRS = 400
THRESHOLDS = ImprovementThresholds()


@dataclass(frozen=True)
class Row:
    """Verdicts on pairs of one kind; (better, near) of each gain as shares."""

    name: str
    seeds: int
    pairs: int
    verdicts: tuple[tuple[float, float], ...]


def main(argv: list[str] | None = None) -> int:
    """Run what is missing, compare, print the tables."""
    options = _parser().parse_args(argv)
    rows: list[Row] = []
    with TemporaryDirectory(prefix="prism-threshold-") as folder:
        kept = options.kept or Path(folder)
        for model in options.models if options.runs else ():
            found = threshold_runs.manifests(model, options.runs, options.bytes, kept)
            rows += [measure(model, seeds, teams(found, seeds)) for seeds in options.seeds]
    losses = threshold_curves.read_losses(options.curves) if options.curves else {}
    for name, logged in losses.items():
        pairs = threshold_curves.split(logged, options.bytes_per_token, options.draws)
        rows.append(measure(name, 1, [([best], [candidate]) for best, candidate in pairs]))
    Console().print(table(rows))
    if losses:
        Console().print(between(losses, options.bytes_per_token))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=8, help="of each model; 0 for none")
    parser.add_argument(
        "--models", nargs="+", choices=threshold_runs.MODELS, default=[*threshold_runs.MODELS]
    )
    parser.add_argument("--bytes", type=int, default=262_144, help="of text")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3], help="runs to a submission")
    parser.add_argument("--kept", type=Path, help="folder whose finished runs are taken, and others kept")
    parser.add_argument("--curves", type=Path, help="folder of CSV files with a column train_loss")
    parser.add_argument("--bytes-per-token", type=float, default=4.5, help="of the logged losses' tokenizer")
    parser.add_argument("--draws", type=int, default=100, help="pairs made of each logged curve")
    return parser


def teams(runs: Sequence[Manifest], seeds: int) -> list[tuple[Submission, Submission]]:
    """Pairs of submissions of `seeds` runs each that share no run; a sample where there are too many.

    A comparison pairs runs by seed, so the runs of both are numbered alike.
    """
    chosen = [
        (order[:seeds], order[seeds:])
        for order in permutations(range(len(runs)), 2 * seeds)
        if list(order[:seeds]) == sorted(order[:seeds])  # the order within the first does not matter
    ]
    if len(chosen) > MOST_PAIRS:
        chosen = random.Random(0).sample(chosen, MOST_PAIRS)
    return [([*_numbered(runs, best)], [*_numbered(runs, candidate)]) for best, candidate in chosen]


def _numbered(runs: Sequence[Manifest], places: Iterable[int]) -> Iterable[Manifest]:
    return ({**runs[place], "run": {"seed": number}} for number, place in enumerate(places))


def measure(name: str, seeds: int, pairs: Sequence[tuple[Submission, Submission]]) -> Row:
    """What becomes of every pair, at every gain."""
    verdicts = []
    for gain in GAINS:
        found = [
            improvement(best, [gained(run, gain) for run in candidate], THRESHOLDS).verdict
            for best, candidate in pairs
        ]
        verdicts.append(
            tuple(found.count(each) / max(1, len(found)) for each in (Verdict.BETTER, Verdict.NEAR))
        )
    return Row(name, seeds, len(pairs), tuple((better, near) for better, near in verdicts))


def gained(run: Manifest, gain: float) -> Manifest:
    """The same run with every chunk `gain` shorter, as a share."""
    curve = run["curve"]
    return {**run, "curve": {**curve, "bits": [(1 - gain) * bits for bits in curve["bits"]]}}


def table(rows: Sequence[Row]) -> Table:
    """Shares of pairs that are better, and in brackets those that are near and wait for an operator."""
    made = Table("", "seeds", "pairs", "rerun", *(f"{gain:.1%} better" for gain in GAINS[1:]))
    for row in rows:
        shares = (f"{better:.1%} ({near:.0%})" for better, near in row.verdicts)
        made.add_row(row.name, str(row.seeds), str(row.pairs), *shares)
    return made


def between(losses: dict[str, list[float]], bytes_per_token: float) -> Table:
    """Every logged curve against every other of its length: the candidate stands in the row."""
    made = Table("candidate", "best", "improvement", "z", "verdict")
    for candidate, best in permutations(losses, 2):
        if len(losses[candidate]) != len(losses[best]):
            continue
        runs = [[threshold_curves.as_manifest(losses[name], bytes_per_token)] for name in (best, candidate)]
        found = improvement(runs[0], runs[1], THRESHOLDS)
        made.add_row(candidate, best, f"{found.relative:+.2%}", f"{found.z:.1f}", found.verdict.value)
    return made


if __name__ == "__main__":
    sys.exit(main())
