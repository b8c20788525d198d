"""The chain of a submission's events: each holds the hash of the one before, so that an edit shows.

The database refuses to change a row; whoever goes around it cannot make the rest of the chain fit. What the
chain alone does not show is a missing tail: that the last event is where the submission stands does.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

START = ""  # what stands before the first event
EXACT = 2**53  # integers below it are the same as floats


class Link(Protocol):
    """What an event says, with its seal."""

    submission_id: Any
    sequence: int
    at: datetime
    by: str
    verb: str
    status: str
    stage: str
    reason_code: str
    data: dict[str, Any]
    previous_hash: str
    hash: str


def seal(
    previous_hash: str,
    *,
    submission_id: UUID,
    sequence: int,
    at: datetime,
    by: str,
    verb: str,
    status: str,
    stage: str,
    reason_code: str,
    data: dict[str, Any],
) -> str:
    """Hex SHA-256 over the hash before and everything that the event says."""
    told = [
        str(submission_id), sequence, at.astimezone(UTC).isoformat(timespec="microseconds"),
        by, verb, str(status), str(stage), reason_code, _plain(data),
    ]  # fmt: skip
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous_hash}\n{text}".encode()).hexdigest()


def seal_of(event: Link) -> str:
    """The hash that an event must have."""
    return seal(
        event.previous_hash,
        submission_id=event.submission_id,
        sequence=event.sequence,
        at=event.at,
        by=event.by,
        verb=event.verb,
        status=event.status,
        stage=event.stage,
        reason_code=event.reason_code,
        data=event.data,
    )


def first_break(events: Iterable[Link]) -> int | None:
    """Where the chain of one submission, in order, does not fit: the place from 1 on; None where it does."""
    before = START
    for place, event in enumerate(events, start=1):
        fits = event.sequence == place and event.previous_hash == before and event.hash == seal_of(event)
        if not fits:
            return place
        before = event.hash
    return None


def _plain(value: Any) -> Any:
    """As every database gives it back: one that keeps numbers by their value knows no 1.0 beside 1."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        return float(value)
    return value
