"""Where every row of a key stands at one moment: in force, coming, over, or never of any use. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

from prism_site.policy.models import RuntimeConfig

State = Literal["in_force", "expiring", "scheduled", "superseded", "unused", "disabled"]
WORDS: dict[State, str] = {
    "in_force": "in force",
    "expiring": "in force, expiring",
    "scheduled": "scheduled",
    "superseded": "superseded",
    "unused": "never in force",
    "disabled": "disabled",
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row; `until` is when another one takes its place, or took it."""

    row: RuntimeConfig
    state: State
    until: datetime | None
    successor: RuntimeConfig | None

    @property
    def words(self) -> str:
        """The state for people."""
        return WORDS[self.state]

    @property
    def in_force(self) -> bool:
        """Whether it is the row that counts at this moment."""
        return self.state in ("in_force", "expiring")


def standings(rows: Sequence[RuntimeConfig], now: datetime) -> list[Standing]:
    """The rows of one key, the newest first, each with its state at `now`."""
    enabled = sorted((row for row in rows if row.enabled), key=_place)
    after = {row.pk: newer for row, newer in pairwise(enabled)}
    newest_first = sorted(rows, key=_place, reverse=True)
    return [_standing(row, after.get(row.pk), now) for row in newest_first]


def _place(row: RuntimeConfig) -> tuple[datetime, datetime, int]:
    return row.effective_from, row.updated_at, row.pk


def _standing(row: RuntimeConfig, successor: RuntimeConfig | None, now: datetime) -> Standing:
    until = _began(successor) if successor else None
    return Standing(row=row, state=_state(row, until, now), until=until, successor=successor)


def _state(row: RuntimeConfig, until: datetime | None, now: datetime) -> State:
    if not row.enabled:
        return "disabled"
    if until is not None and until <= _began(row):
        return "unused"
    if row.effective_from > now:
        return "scheduled"
    if until is None:
        return "in_force"
    return "expiring" if until > now else "superseded"


def _began(row: RuntimeConfig) -> datetime:
    """A row that was written for the past counts from when it was written."""
    return max(row.effective_from, row.updated_at)
