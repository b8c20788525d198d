"""Several workers and several operators at once, on a database that lets two write at once."""

import pytest
from django.db import connection

from evaluations.enums import Status
from evaluations.models import Submission
from prism_site import decisions, pipeline
from reviews.holds import DECISIONS, HoldChanged
from reviews.models import Hold
from scoring.models import Score
from tests.reviews.test_holds import held, waiting_for_score
from tests.scoring.test_races import TOGETHER, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def real_concurrency() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")


def test_an_anomaly_seen_by_several_workers_is_held_once() -> None:
    submission = waiting_for_score()
    at_once([lambda: pipeline.advance(str(submission.pk))] * TOGETHER)
    assert Hold.objects.filter(submission=submission).count() == 1
    assert submission.events.filter(verb="hold").count() == 1
    assert Submission.objects.get().status == Status.HELD


@pytest.mark.parametrize("repeat", range(3))
def test_of_several_operators_one_decides_and_the_others_are_told(repeat: int) -> None:
    hold = held()
    taken = sorted(DECISIONS[Hold.Kind.INTEGRITY_ANOMALY])
    wanted = [taken[number % len(taken)] for number in range(TOGETHER)]

    def decide(number: int) -> str:
        by = f"operator:{number}"
        try:
            decisions.decide(hold.pk, wanted[number], by=by, note="seen", version=hold.version)
        except HoldChanged:
            return "told"
        return by

    answers = at_once([lambda number=number: decide(number) for number in range(TOGETHER)])
    assert sorted(answers)[1:] == ["told"] * (TOGETHER - 1)
    hold.refresh_from_db()
    assert hold.decided_by == sorted(answers)[0]
    lifted = hold.decision == Hold.Decision.LIFT_MULTIPLIER
    assert Score.objects.get().multiplier == (1.0 if lifted else 0.0)
