"""Turning the progress lines of a running job into curve points, each once, in order.

The file is read as hostile input: whoever shares the job's folder might have written to it.
"""

import json
import math
from pathlib import Path
from typing import Any

from django.db import transaction

from evaluations.backends.hostile_files import CODE, UNSTORABLE, read_capped
from evaluations.curve_blocks import BLOCK, pack
from evaluations.models import Attempt, CurvePoint

MAX_FILE_BYTES = 64 * 1024**2
MAX_LINE_BYTES = 4096
MAX_INT = 2**53
INTEGERS = ("index", "stream_bytes", "chunk_bytes", "tokens", "nonfinite")
FLOATS = ("bits", "chunk_bits", "seconds")


def ingest(attempt: Attempt, progress: Path) -> int:
    """Store the chunks that were reported since the last time; return how many points were added.

    The count of lines is the sequence number: a tick that runs twice, or two at once, stores nothing twice.
    """
    lines = read_capped(progress, MAX_FILE_BYTES).split(b"\n")[:-1]  # a line without its end is not there yet
    before = Attempt.objects.values_list("lines_ingested", flat=True).get(pk=attempt.pk)
    points = points_of(attempt, lines[before:])
    return store(attempt, points, before=before, after=max(before, len(lines)))


def points_of(attempt: Attempt, lines: list[bytes]) -> list[CurvePoint]:
    """The points in progress lines, not stored yet; any other line is passed over."""
    return [point for line in lines if (point := _point(attempt, line)) is not None]


def store(attempt: Attempt, points: list[CurvePoint], *, before: int, after: int) -> int:
    """Store the points of the progress lines from `before` up to `after`, once; return how many."""
    with transaction.atomic():
        unchanged = Attempt.objects.filter(pk=attempt.pk, lines_ingested=before)
        if not unchanged.update(lines_ingested=after):
            return 0  # another tick was faster
        CurvePoint.objects.bulk_create(points, ignore_conflicts=True)
        if any(point.index % BLOCK == BLOCK - 1 for point in points):
            pack(attempt.pk)
    return len(points)


def host_fault(progress: Path) -> tuple[str, str] | None:
    """Code and reason, where the referee ended the run for a fault of its host; no manifest goes with it."""
    for line in reversed(read_capped(progress, MAX_FILE_BYTES).split(b"\n")[-3:]):
        message = _message(line)
        if message.get("type") == "error" and CODE.fullmatch(str(message.get("code"))):
            return message["code"], UNSTORABLE.sub("", str(message.get("reason")))[:1000]
    return None


def _point(attempt: Attempt, line: bytes) -> CurvePoint | None:
    fields = _chunk_fields(line)
    return None if fields is None else CurvePoint(attempt=attempt, **fields)


def _chunk_fields(line: bytes) -> dict[str, Any] | None:
    """The numbers of a chunk line, or None for any other line."""
    message = _message(line)
    if message.get("type") != "chunk":
        return None
    fields = {name: message.get(name) for name in (*INTEGERS, *FLOATS)}
    return fields if _sound(fields) else None


def _message(line: bytes) -> dict[str, Any]:
    """A progress line as an object; an empty one for anything else."""
    if len(line) > MAX_LINE_BYTES:
        return {}
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _sound(fields: dict[str, Any]) -> bool:
    counts, amounts = [fields[name] for name in INTEGERS], [fields[name] for name in FLOATS]
    return all(map(_is_count, counts)) and all(map(_is_amount, amounts))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_INT


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
