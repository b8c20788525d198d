"""Time, memory and recall of a duplicates query against 1 000, 10 000 and 100 000 stored submissions.

`python -m benchmarks.duplicates [--database URL] [--sizes ...]`: a private database (SQLite in a temporary
folder, or an empty one by URL) is filled with signatures of synthetic programs in families: each family has
an ancestor of its own shingles and of functions that many write alike, and members that keep most of it.
Queries are fresh members of random families. Recall compares what a query finds with a brute-force comparison
against every stored signature. Wall time is what the machine gave; processor time is what the query took.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from evaluations.models import Submission
    from reviews.duplicates.profile import Profile

SEED = 20_261_120
FAMILY_MEMBERS = 5
UNITS, UNIT_SHINGLES = 16, 40  # of a program, as in the labelled ones: some 600 shingles
IDIOMS = 4_000  # functions that many write alike
IDIOM_SHARE = 0.15  # of a program's functions
MEMBER_CHANGES = (0.0, 0.02, 0.05, 0.08, 0.15, 0.4)  # share of shingles that a member replaces
ALIKE = 0.85
BATCH = 2_000
Rng = np.random.Generator
Matrix = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Measurement:
    """One size: milliseconds of a query, resident memory, and how many true neighbours were found."""

    stored: int
    queries: int
    median_ms: float
    p95_ms: float
    processor_ms: float
    processor_p95_ms: float
    memory_mib: float
    neighbours: int
    found: int


def main(argv: list[str] | None = None) -> int:
    """Fill, ask, compare with brute force, print one table."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="prism-bench-") as folder:
        _configure(Path(folder), options.database)
        measurements, families = [], Families()
        for size in sorted(options.sizes):
            _fill(families, size)
            measurements.append(_measure(families, options.queries))
    _print(measurements, options)
    return 0


class Families:
    """Programs by number: the same number gives the same program, without any of them being kept."""

    def __init__(self) -> None:
        self.stored = 0
        self.idioms = np.random.default_rng(SEED).integers(
            2**32, size=(IDIOMS, UNIT_SHINGLES), dtype=np.uint32
        )

    def member(self, number: int, variation: int) -> "Profile":
        """A member of the family that submission `number` belongs to."""
        family = number // FAMILY_MEMBERS
        units = self._ancestor(np.random.default_rng([SEED, family]))
        rng = np.random.default_rng([SEED, family, 1 + variation])
        change = MEMBER_CHANGES[int(rng.integers(len(MEMBER_CHANGES)))]
        changed = rng.random(units.shape) < change
        units[changed] = rng.integers(2**32, size=int(changed.sum()), dtype=np.uint32)
        return _profile(units)

    def _ancestor(self, rng: Rng) -> Matrix:
        units = rng.integers(2**32, size=(UNITS, UNIT_SHINGLES), dtype=np.uint32)
        common = rng.random(UNITS) < IDIOM_SHARE
        # Few idioms are in very many programs, and many in few.
        ranks = np.minimum(rng.zipf(1.3, size=int(common.sum())), IDIOMS) - 1
        units[common] = self.idioms[ranks]
        return units


def _profile(units: Matrix) -> "Profile":
    import hashlib

    from reviews.duplicates.profile import Profile, UnitSet

    return Profile(
        tuple(
            UnitSet(
                "architecture.py" if row < UNITS // 2 else "training.py",
                row,
                True,
                int.from_bytes(hashlib.blake2b(shingles.tobytes(), digest_size=8).digest(), "big"),
                np.unique(shingles),
            )
            for row, shingles in enumerate(units)
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="an empty database; default: SQLite")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    return parser


def _configure(folder: Path, database: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "prism_site.settings"
    os.environ["PRISM_VAR_DIR"] = str(folder)
    if database:
        os.environ["PRISM_DATABASE_URL"] = database
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _fill(families: Families, size: int) -> None:
    for start in range(families.stored, size, BATCH):
        _store(
            [(number, families.member(number, number)) for number in range(start, min(size, start + BATCH))]
        )
    families.stored = size
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _store(programs: "list[tuple[int, Profile]]") -> None:
    from django.db import connection, transaction

    from evaluations.models import Submission
    from reviews.duplicates import store
    from reviews.models import SourceSignature

    submissions = [_submission(number) for number, _ in programs]
    with transaction.atomic(), connection.cursor() as cursor:
        Submission.objects.bulk_create(submissions)
        rows = SourceSignature.objects.bulk_create(
            SourceSignature(submission=submission, **store.columns(profile, readable=True))
            for submission, (_, profile) in zip(submissions, programs, strict=True)
        )
        cursor.executemany(
            "INSERT INTO reviews_sourcekey (key, signature_id) VALUES (%s, %s)",
            [
                (key, row.pk)
                for row, (_, profile) in zip(rows, programs, strict=True)
                for key in store.found_by(row.submission, profile)
            ],
        )


def _submission(number: int) -> "Submission":
    from django.utils import timezone

    from evaluations.enums import Kind, Mode, Stage, Status
    from evaluations.models import Submission

    now = timezone.now()
    return Submission(
        hotkey=f"benchmark-hotkey-{number % 2_000:05d}",
        kind=Kind.FULL,
        mode=Mode.LOCAL_CPU_SMOKE,
        code_hash=f"{number:064x}",
        epoch=0,
        status=Status.COMPLETED,
        stage=Stage.DONE,
        created_at=now,
        updated_at=now,
    )


def _measure(families: Families, queries: int) -> Measurement:
    asked = list(_queries(families, queries))
    for profile in asked[:5]:
        _ask(profile)  # a warm-up that is not counted
    taken, worked, answers = [], [], []
    for profile in asked:
        wall, processor = time.perf_counter(), time.process_time()
        answers.append(_ask(profile))
        taken.append(1000 * (time.perf_counter() - wall))
        worked.append(1000 * (time.process_time() - processor))
    memory = _resident_mib()
    truth = _brute_force(asked)
    found = sum(len(near & answer) for near, answer in zip(truth, answers, strict=True))
    return Measurement(
        stored=families.stored,
        queries=len(asked),
        median_ms=median(taken),
        p95_ms=quantiles(taken, n=20)[-1],
        processor_ms=median(worked),
        processor_p95_ms=quantiles(worked, n=20)[-1],
        memory_mib=memory,
        neighbours=sum(map(len, truth)),
        found=found,
    )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _queries(families: Families, count: int) -> "Iterator[Profile]":
    rng = np.random.default_rng([SEED, families.stored, 7])
    for query in range(count):
        yield families.member(int(rng.integers(families.stored)), 10**7 + query)


def _ask(profile: "Profile") -> set[Any]:
    """Ids of what the review would find at or over ALIKE: keys, candidates, rows, true likeness."""
    from django.utils import timezone

    from evaluations.models import Submission
    from reviews.duplicates.neighbours import matches_of

    submission = Submission(hotkey="asking", code_hash="0" * 64, created_at=timezone.now())
    return {m.submission_id for m in matches_of(submission, profile) if m.likeness.similarity >= ALIKE}


def _brute_force(asked: "list[Profile]") -> list[set[Any]]:
    """Ids of every stored signature at or over ALIKE, by comparing with all of them."""
    from reviews.duplicates.store import profile_in
    from reviews.models import SourceSignature

    near: list[set[Any]] = [set() for _ in asked]
    lengths = np.array([len(profile.live) for profile in asked])
    values = np.concatenate([profile.live for profile in asked])
    owners = np.repeat(np.arange(len(asked)), lengths)
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    for row in SourceSignature.objects.iterator(chunk_size=BATCH):
        stored = profile_in(row).live
        first, last = (np.searchsorted(values, stored, side=side) for side in ("left", "right"))
        hits = last - first
        places = np.repeat(last - hits.cumsum(), hits) + np.arange(hits.sum())
        common = np.bincount(owners[places], minlength=len(asked))
        for number in np.flatnonzero(common >= ALIKE * (len(stored) + lengths - common)):
            near[number].add(row.submission_id)
    return near


def _print(measurements: list[Measurement], options: argparse.Namespace) -> None:
    kind = options.database.partition(":")[0] or "sqlite"
    table = Table(title=f"Duplicates: one query against stored signatures, {kind}")
    for heading in (
        "stored",
        "queries",
        "wall ms",
        "p95",
        "processor ms",
        "p95",
        "MiB",
        "neighbours",
        "recall",
    ):
        table.add_column(heading, justify="right")
    for row in measurements:
        recall = row.found / row.neighbours if row.neighbours else float("nan")
        times = (row.median_ms, row.p95_ms, row.processor_ms, row.processor_p95_ms)
        figures = (*(f"{value:.1f}" for value in times), f"{row.memory_mib:.0f}")
        table.add_row(f"{row.stored}", f"{row.queries}", *figures, f"{row.neighbours}", f"{recall:.4f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
