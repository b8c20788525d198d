"""Run every cheat beside its honest twin, and every unusual honest bundle with and without audits.

    python -m tests.runner.bundles [--jobs 2] [--only WORD]

A cheat that is scored, and better than its twin by more than 1 %, stands; an honest bundle that is not
scored, or not the same bits as without audits, was wronged. Either makes the exit status 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evaluations.runner.job import Limits, Schedule
from tests.runner.bundles.cheats import TWIN, all_cheats
from tests.runner.bundles.honest import all_honest
from tests.runner.harness import TEXT, Outcome, execute, make_job

SCHEDULE = Schedule(sequence_length=64, score_fraction=1.0, chunk_first_bytes=1024, chunk_growth=2.0)
BYTES = 16_384
GAIN = 0.01  # of the twin's bits that no cheat may have won
LIMITS = Limits(wall_seconds=900)  # on a busy machine, two runs that are cut by time differ


def run(folder: Path, architecture: str, training: str | None, *, audited: bool = True) -> Outcome:
    """A real run of two files."""
    files: dict[str, str | bytes] = {"architecture.py": architecture}
    if training is not None:
        files["training.py"] = training
    schedule = SCHEDULE if audited else replace(SCHEDULE, audit_fraction=0.0)
    name = "training.py" if training is not None else None
    job = make_job(folder, files, data=TEXT[:BYTES], schedule=schedule, limits=LIMITS, training=name)
    return execute(replace(job, diagnostics=0))


def stands(cheat: Outcome, twin_bpb: float) -> bool:
    """Whether a cheat has got away with more than the twin has."""
    assert cheat.manifest is not None, cheat.stderr
    score = cheat.manifest.score
    return score is not None and score["multiplier"] > 0 and score["bpb"] < twin_bpb * (1 - GAIN)


def wronged(audited: Outcome, plain: Outcome) -> bool:
    """Whether auditing changed what an honest bundle is worth."""
    one, other = audited.manifest, plain.manifest
    assert one is not None, audited.stderr
    assert other is not None, plain.stderr
    return one.verdict != "scored" or one.score["bits"] != other.score["bits"]


def main() -> int:
    """Run all, print one table as it comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="names that contain this")
    options = parser.parse_args()
    console, bad = Console(width=150), []
    table = Table("bundle", "verdict", "code", "bpb", "twin or unaudited", "")
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        root = Path(name)
        twin_bpb = run(root / "twin", *TWIN).bpb
        chosen = [(cheat, files) for cheat, files in all_cheats().items() if options.only in cheat]
        for cheat, outcome in _each(pool, root / "cheats", chosen, audited=True):
            bad += [cheat] if stands(outcome, twin_bpb) else []
            _row(table, cheat, outcome, f"{twin_bpb:.4f}", "STANDS" if stands(outcome, twin_bpb) else "")
        chosen = [(sound, files) for sound, files in all_honest().items() if options.only in sound]
        plain = dict(_each(pool, root / "plain", chosen, audited=False))
        for sound, outcome in _each(pool, root / "honest", chosen, audited=True):
            bad += [sound] if wronged(outcome, plain[sound]) else []
            unaudited = plain[sound].manifest.score
            _row(
                table,
                sound,
                outcome,
                f"{unaudited['bpb']:.4f}" if unaudited else plain[sound].manifest.code,
                "WRONGED" if wronged(outcome, plain[sound]) else "",
            )
    console.print(table)
    console.print(f"{len(bad)} bad: {', '.join(bad)}")
    return 1 if bad else 0


def _each(
    pool: ThreadPoolExecutor, folder: Path, chosen: list[tuple[str, tuple[str, str | None]]], *, audited: bool
) -> Iterable[tuple[str, Outcome]]:
    def one(numbered: tuple[int, tuple[str, tuple[str, str | None]]]) -> tuple[str, Outcome]:
        number, (name, files) = numbered
        outcome = run(folder / str(number), *files, audited=audited)
        found = outcome.manifest
        words = (found.reason + found.traceback[-300:]) if found else outcome.stderr[-300:]
        print(f"{name}: {found.code if found else '?'} {words!r:.200}", file=sys.stderr, flush=True)
        return name, outcome

    return pool.map(one, enumerate(chosen))


def _row(table: Table, name: str, outcome: Outcome, yardstick: str, mark: str) -> None:
    found = outcome.manifest
    bpb = f"{found.score['bpb']:.4f}" if found and found.score else ""
    table.add_row(name, found.verdict if found else "?", found.code if found else "?", bpb, yardstick, mark)


if __name__ == "__main__":
    sys.exit(main())
