"""Rows for the benchmark of the API: many scored submissions with everything that hangs on them."""

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluations.enums import AttemptState, Kind, Mode, RunState, Stage, Status, Verdict
from evaluations.models import Attempt, CurvePoint, Event, Run, Submission
from scoring.models import Score

CURVE_POINTS = 60
CHUNK_BYTES = 8_192
BATCH = 1_000
VERBS = ("receive", "begin_review", "enqueue", "begin_evaluation", "begin_scoring", "complete")


def seed(submissions: int, curves: int, *, hotkeys: int, events: bool) -> list[UUID]:
    """Store that many scored submissions, the first `curves` of them with points; return those ids."""
    random_ = random.Random(20_261_120)
    now = timezone.now()
    rows = [_submission(number, now, hotkeys) for number in range(submissions)]
    scores = [random_.uniform(0.2, 0.4) for _ in rows]
    with transaction.atomic():
        Submission.objects.bulk_create(rows, batch_size=BATCH)
        if events:
            Event.objects.bulk_create((event for row in rows for event in _events(row)), batch_size=BATCH)
        runs = Run.objects.bulk_create([_run(row) for row in rows], batch_size=BATCH)
        Score.objects.bulk_create(_scores(rows, runs, scores), batch_size=BATCH)
        attempts = Attempt.objects.bulk_create([_attempt(run) for run in runs[:curves]])
        CurvePoint.objects.bulk_create(
            (point for attempt in attempts for point in _points(attempt)), batch_size=BATCH
        )
    return [row.pk for row in rows[:curves]]


def _submission(number: int, now: datetime, hotkeys: int) -> Submission:
    at = now - timedelta(minutes=number)
    return Submission(
        hotkey=f"benchmark-hotkey-{number % hotkeys:06d}",
        name=f"submission {number}",
        kind=Kind.FULL,
        mode=Mode.LOCAL_CPU_SMOKE,
        tokenizer="bytes",
        code_hash=hashlib.sha256(str(number).encode()).hexdigest(),
        epoch=int(at.timestamp()) // 21_600 * 21_600,
        status=Status.COMPLETED,
        stage=Stage.DONE,
        created_at=at,
        updated_at=at,
    )


def _events(row: Submission) -> Iterator[Event]:
    for sequence, verb in enumerate(VERBS, start=1):
        yield Event(
            submission=row,
            sequence=sequence,
            at=row.created_at,
            by="system:pipeline",
            verb=verb,
            status=row.status,
            stage=row.stage,
        )


def _run(row: Submission) -> Run:
    cuts = [CHUNK_BYTES * (index + 1) for index in range(CURVE_POINTS)]
    hooks = {"configure_optimizer": {"present": True, "calls": 1, "seconds": 0.01}}
    return Run(
        submission=row,
        mode=row.mode,
        seed=1337,
        state=RunState.FINISHED,
        attempts_made=1,
        fencing_token=1,
        yardsticks={"bytes": cuts, "ppmd_bits": [2.5 * cut for cut in cuts]},
        verdict=Verdict.SCORED,
        manifest={
            "training": {"hooks": hooks},
            "curve": {"bytes": cuts, "bits": [3.0 * cut for cut in cuts], "bpb": [3.0] * len(cuts)},
        },
        created_at=row.created_at,
        finished_at=row.created_at,
    )


def _scores(rows: list[Submission], runs: list[Run], values: list[float]) -> list[Score]:
    best: dict[str, int] = {}
    for number, row in enumerate(rows):
        known = best.setdefault(row.hotkey, number)
        best[row.hotkey] = max(known, number, key=lambda place: values[place])
    return [
        Score(
            submission=row,
            run=run,
            hotkey=row.hotkey,
            mode=row.mode,
            epoch=row.epoch,
            accepted_at=row.created_at,
            bpb=1 / value - 1,
            bpb_se=0.004,
            multiplier=1.0,
            penalty=1.0,
            final_score=value,
            best_in_mode=best[row.hotkey] == number,
            computed_at=row.created_at,
        )
        for number, (row, run, value) in enumerate(zip(rows, runs, values, strict=True))
    ]


def _attempt(run: Run) -> Attempt:
    return Attempt(
        run=run,
        number=1,
        fencing_token=1,
        state=AttemptState.FINISHED,
        backend="local",
        host="benchmark",
        lease_expires_at=run.created_at,
        heartbeat_at=run.created_at,
        started_at=run.created_at,
        ended_at=run.created_at,
        lines_ingested=CURVE_POINTS,
    )


def _points(attempt: Attempt) -> Iterator[CurvePoint]:
    bits = 0.0
    for index in range(CURVE_POINTS):
        chunk_bits = CHUNK_BYTES * (2.2 + 5.8 / (1 + index))
        bits += chunk_bits
        yield CurvePoint(
            attempt=attempt,
            index=index,
            stream_bytes=CHUNK_BYTES * (index + 1),
            bits=bits,
            chunk_bytes=CHUNK_BYTES,
            chunk_bits=chunk_bits,
            tokens=CHUNK_BYTES * (index + 1),
            seconds=0.5 * (index + 1),
        )
