"""Fault: somebody deletes or rewrites history. The database refuses; the chain shows what it could not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from evaluations import event_chain
from evaluations.models import Event, Submission
from tests.evaluations import world

pytestmark = pytest.mark.django_db
REWRITE = "UPDATE evaluations_event SET reason_code = 'forged' WHERE sequence = 2"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRIGGER = "evaluations_event_is_history"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def submission(host: Path) -> Submission:
    return world.queued()


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def without_the_trigger() -> None:
    sql(f"DROP TRIGGER {TRIGGER}" + (" ON evaluations_event" if connection.vendor == "postgresql" else ""))


def broken(submission: Submission) -> int | None:
    return event_chain.first_break(submission.events.order_by("sequence"))


def test_a_history_that_nobody_touched_is_connected(submission: Submission) -> None:
    assert submission.events.count() > 2
    assert broken(submission) is None


def test_the_database_refuses_to_rewrite_an_event(submission: Submission) -> None:
    with pytest.raises(DatabaseError, match="event_is_history"):
        sql(REWRITE)
    assert not Event.objects.filter(reason_code="forged").exists()


def test_the_database_refuses_to_delete_an_event_where_it_can(submission: Submission) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite empties a table by DELETE; there the chain shows a gap")
    with pytest.raises(DatabaseError, match="event_is_history"):
        sql("DELETE FROM evaluations_event WHERE sequence = 2")


def test_without_the_trigger_the_chain_shows_what_was_rewritten(submission: Submission) -> None:
    without_the_trigger()
    sql(REWRITE)
    assert Event.objects.filter(reason_code="forged").exists()  # the control: nothing else refuses it
    assert broken(submission) == 2


def test_without_the_trigger_the_chain_shows_a_deleted_event(submission: Submission) -> None:
    without_the_trigger()
    sql("DELETE FROM evaluations_event WHERE sequence = 1")
    assert broken(submission) == 1


def test_a_forged_event_with_a_hash_of_its_own_breaks_the_rest(submission: Submission) -> None:
    without_the_trigger()
    event = submission.events.get(sequence=2)
    event.reason_code = "forged"
    sql(REWRITE.replace("WHERE", f", hash = '{event_chain.seal_of(event)}' WHERE"))
    assert broken(submission) == 3


@given(data=st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_what_an_event_tells_has_one_seal_however_it_was_stored(data: dict[str, Any]) -> None:
    """A database may give 1.0 back as 1 and 1e300 as an integer."""

    def stored(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, dict):
            return {name: stored(each) for name, each in value.items()}
        return [stored(each) for each in value] if isinstance(value, list) else value

    def sealed(told: dict[str, Any]) -> str:
        event = Event(sequence=1, at=NOW, by="x", verb="y", data=told, previous_hash="")
        return event_chain.seal_of(event)

    assert sealed(data) == sealed(stored(data))
