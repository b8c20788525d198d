"""Which row counts at a moment, and what became of the others."""

from datetime import UTC, datetime, timedelta

from prism_site.operator.policy.standings import standings
from prism_site.policy.models import RuntimeConfig

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def row(pk: int, *, at: float = 0.0, written: float | None = None, enabled: bool = True) -> RuntimeConfig:
    """A row in force `at` hours after noon."""
    time = NOON + timedelta(hours=at)
    updated = time if written is None else NOON + timedelta(hours=written)
    return RuntimeConfig(pk=pk, effective_from=time, updated_at=updated, enabled=enabled)


def states(*rows: RuntimeConfig, at: float = 0.0) -> dict[int, str]:
    found = standings(rows, NOON + timedelta(hours=at))
    return {standing.row.pk: standing.state for standing in found}


def test_without_rows_nothing_stands() -> None:
    assert states() == {}


def test_the_newest_whose_time_has_come_is_in_force() -> None:
    assert states(row(1, at=-2), row(2, at=-1)) == {2: "in_force", 1: "superseded"}


def test_a_scheduled_row_makes_the_present_one_expire() -> None:
    rows = row(1, at=-2), row(2, at=3, written=-1)
    assert states(*rows) == {2: "scheduled", 1: "expiring"}
    assert states(*rows, at=4) == {2: "in_force", 1: "superseded"}


def test_a_disabled_row_leaves_the_one_before_it_in_force() -> None:
    assert states(row(1, at=-2), row(2, at=-1, enabled=False)) == {2: "disabled", 1: "in_force"}


def test_a_row_written_for_a_time_that_another_holds_is_never_in_force() -> None:
    assert states(row(1, at=-1), row(2, at=-3, written=0)) == {1: "in_force", 2: "unused"}


def test_of_two_rows_for_the_same_moment_the_later_one_counts() -> None:
    assert states(row(1, at=2, written=-2), row(2, at=2, written=-1)) == {2: "scheduled", 1: "unused"}


def test_the_successor_is_named() -> None:
    _, first = standings([row(1, at=-2), row(2, at=3, written=-1)], NOON)
    assert first.successor is not None
    assert (first.successor.pk, first.until) == (2, NOON + timedelta(hours=3))
