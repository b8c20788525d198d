"""The keys at a glance, and one key with its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from django.utils import timezone

from prism_site.operator.policy.changes import row_changes
from prism_site.operator.policy.standings import Standing, standings
from prism_site.policy.environment import environment_values
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, leaves, overlay
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import Policy, resolve_key, resolve_policy
from prism_site.policy.schemas.walk import defaults

HISTORY_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class KeyBoard:
    """What is to be known of a key before its fields; rows newest first."""

    key: str
    about: str
    rows: list[Standing]
    problem: PolicyInvalid | None  # of the row in force: official work is stopped
    set_by_row: int  # fields that the row in force sets
    set_by_environment: int  # fields that come from the environment
    fields: int
    idle: list[str]  # fields that the row in force sets to what they would be without it

    @property
    def in_force(self) -> Standing | None:
        """The row that counts now."""
        return next((row for row in self.rows if row.in_force), None)

    @property
    def coming(self) -> list[Standing]:
        """Rows whose time has not come, the next one first."""
        return [row for row in reversed(self.rows) if row.state == "scheduled"]

    @property
    def is_idle(self) -> bool:
        """Whether the row in force changes nothing at all."""
        return self.in_force is not None and self.problem is None and len(self.idle) == self.set_by_row


@dataclass(frozen=True)
class Past:
    """A row of the history and what it set otherwise than the row written before it."""

    standing: Standing
    changes: list[tuple[str, str, str]]


def boards(now: datetime | None = None) -> tuple[Policy, list[KeyBoard]]:
    """Every key, read in two queries."""
    now = now or timezone.now()
    policy = resolve_policy(at=now, official=False)
    rows: dict[str, list[RuntimeConfig]] = {key: [] for key in SCHEMAS}
    for row in RuntimeConfig.objects.order_by("pk"):
        rows.setdefault(row.config_key, []).append(row)
    return policy, [_board(key, rows[key], policy, now) for key in SCHEMAS]


def board_of(key: str, policy: Policy, now: datetime) -> KeyBoard:
    """One key."""
    return _board(key, RuntimeConfig.objects.filter(config_key=key), policy, now)


def history(board: KeyBoard) -> list[Past]:
    """The rows of a key as they were written, the newest first."""
    written = sorted(board.rows, key=lambda standing: standing.row.pk, reverse=True)
    pairs = zip_longest(written, (standing.row.value_json for standing in written[1:]))
    return [Past(each, row_changes(older, each.row.value_json)) for each, older in pairs][:HISTORY_SHOWN]


def _board(key: str, rows: Iterable[RuntimeConfig], policy: Policy, now: datetime) -> KeyBoard:
    found = standings(list(rows), now)
    row = next((each.row for each in found if each.in_force), None)
    origins = list(policy.origins[key].values())
    return KeyBoard(
        key=key,
        about=SCHEMAS[key].__doc__ or "",
        rows=found,
        problem=_problem(key, row),
        set_by_row=origins.count("sql"),
        set_by_environment=origins.count("environment"),
        fields=len(origins),
        idle=_idle(key, row.value_json) if row else [],
    )


def _problem(key: str, row: RuntimeConfig | None) -> PolicyInvalid | None:
    try:
        resolve_key(key, SCHEMAS[key], row, environment_values().get(key))
    except PolicyInvalid as problem:
        return problem
    return None


def _idle(key: str, value: Json) -> list[str]:
    """Fields that would have the same value without the row."""
    if not isinstance(value, dict):
        return []
    lower = leaves(overlay(defaults(SCHEMAS[key]), environment_values().get(key)))
    return [path for path, inner in leaves(value).items() if path in lower and lower[path] == inner]
