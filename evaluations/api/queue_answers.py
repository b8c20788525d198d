"""A submission's place in the queue, as the API gives it."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from evaluations.estimates import Span
from evaluations.queue_place import Place


class SpanOfSeconds(BaseModel):
    """Seconds from now: the middle, and what nine of ten cases stay above and below."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, span: Span | None) -> Self | None:
        """A span in whole seconds: it is an estimate."""
        return cls(**{name: round(value) for name, value in vars(span).items()}) if span else None


class QueuePlace(BaseModel):
    """Whose turn comes first, and when its own is expected to begin and to end.

    Both spans are null where `unknown_code` and `unknown` say why, and `starts` once a run has begun.
    """

    submissions_ahead: int
    runs_ahead: int
    slots: int
    measured_runs: int
    starts: SpanOfSeconds | None
    ends: SpanOfSeconds | None
    unknown_code: str
    unknown: str
    last_sign_at: datetime | None

    @classmethod
    def of(cls, place: Place | None) -> Self | None:
        """The answer for a place; None for a submission that is not in the queue."""
        if place is None:
            return None
        return cls(
            submissions_ahead=place.submissions_ahead,
            runs_ahead=place.runs_ahead,
            slots=place.slots,
            measured_runs=place.measured_runs,
            starts=SpanOfSeconds.of(place.starts),
            ends=SpanOfSeconds.of(place.ends),
            unknown_code=place.unknown.code if place.unknown else "",
            unknown=place.unknown.sentence if place.unknown else "",
            last_sign_at=place.last_sign_at,
        )
