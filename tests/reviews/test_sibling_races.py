"""Operators who close overlapping groups of holds at once, on a database that lets two write at once."""

import pytest
from django.db import connection

from prism_site import decisions, siblings
from prism_site.siblings import SiblingChanged
from reviews.holds import HoldChanged
from reviews.models import Hold
from tests import factories
from tests.operator.conftest import make_quarantine
from tests.scoring.test_races import TOGETHER, at_once

pytestmark = pytest.mark.django_db(transaction=True)
ALIKE = 4


@pytest.fixture(autouse=True)
def real_concurrency() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")


def make_alike() -> list[Hold]:
    hotkey = factories.make_hotkey("prolific")
    return [make_quarantine(hotkey=hotkey) for _ in range(ALIKE)]


@pytest.mark.parametrize("decision", [Hold.Decision.RELEASE, Hold.Decision.CONFIRM])
def test_of_overlapping_groups_one_is_closed_and_the_others_are_told(decision: Hold.Decision) -> None:
    alike = make_alike()

    def close(number: int) -> str:
        leader, by = alike[number % ALIKE], f"operator:{number}"
        seen = [(other.pk, other.version) for other in reversed(alike) if other != leader]
        try:
            siblings.decide(
                leader.pk, decision, by=by, note="seen", version=leader.version, with_siblings=seen
            )
        except (HoldChanged, SiblingChanged):
            return "told"
        return by

    answers = sorted(at_once([lambda number=number: close(number) for number in range(TOGETHER)]))
    assert answers[1:] == ["told"] * (TOGETHER - 1)
    assert set(Hold.objects.values_list("status", "decided_by")) == {("resolved", answers[0])}


def test_of_undos_from_every_member_one_opens_all() -> None:
    alike = make_alike()
    seen = [(other.pk, other.version) for other in alike[1:]]
    siblings.decide(
        alike[0].pk, Hold.Decision.CONFIRM, by="operator:eve", note="seen", version=1, with_siblings=seen
    )

    def undo(number: int) -> bool:
        try:
            decisions.undo(alike[number % ALIKE].pk, by="operator:eve", note="a slip")
        except HoldChanged:
            return False
        return True

    assert sum(at_once([lambda number=number: undo(number) for number in range(TOGETHER)])) == 1
    assert set(Hold.objects.values_list("status", "closed_with")) == {("open", None)}
    assert all(hold.events.filter(verb="undo").count() == 1 for hold in alike)
