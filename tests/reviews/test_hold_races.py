"""Several workers and several operators at once, on a database that lets two write at once."""

from contextlib import suppress

import pytest
from django.db import connection

from evaluations.enums import Status
from evaluations.models import Submission
from prism_site import decisions, pipeline
from reviews import holds
from reviews.holds import DECISIONS, HoldChanged, HoldClaimed
from reviews.models import Hold
from scoring.models import Score
from tests.reviews import world
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


def test_of_several_operators_one_has_the_claim() -> None:
    hold = world.held_in_review()

    def claim(number: int) -> str:
        try:
            return holds.claim(hold.pk, by=f"operator:{number}").claimed_by
        except HoldClaimed:
            return ""

    answers = at_once([lambda number=number: claim(number) for number in range(TOGETHER)])
    hold.refresh_from_db()
    assert sorted(answers) == [""] * (TOGETHER - 1) + [hold.claimed_by]
    assert hold.events.filter(verb="claim").count() == 1


def test_of_several_undos_one_happens() -> None:
    hold = world.held_in_review()
    world.decide(hold, Hold.Decision.CONFIRM)

    def undo() -> bool:
        try:
            decisions.undo(hold.pk, by=world.EVE)
        except HoldChanged:
            return False
        return True

    assert sum(at_once([undo] * TOGETHER)) == 1
    assert world.verbs(hold) == ["open", "decide", "undo"]
    assert hold.submission.events.filter(verb="reopen").count() == 1


def test_a_decision_and_the_scoring_of_the_same_submission_never_cross() -> None:
    """Whichever comes first: an open hold is never beside a completed submission."""
    submission = waiting_for_score(anomalous=False)
    hold = world.open_on(submission)

    def release() -> None:
        decisions.decide(hold.pk, Hold.Decision.RELEASE, by=world.EVE, note="seen", version=1)

    at_once([release, lambda: pipeline.advance(str(submission.pk))])
    while pipeline.advance(str(submission.pk)):
        pass
    assert world.state(hold)[0] == Status.COMPLETED
    assert Score.objects.get().best_in_mode


def test_holds_of_one_submission_decided_at_once_reject_it_once() -> None:
    first = world.held_in_review()
    second = world.open_on(first.submission, Hold.Kind.LLM_SUSPICION)

    def confirm(hold: Hold) -> None:
        with suppress(HoldChanged):
            decisions.decide(hold.pk, Hold.Decision.CONFIRM, by=world.EVE, note="seen", version=1)

    at_once([lambda: confirm(first), lambda: confirm(second)])
    assert first.submission.events.filter(verb="reject").count() == 1
    assert Hold.objects.filter(status="resolved", closed_with=None).count() == 1
    assert Hold.objects.filter(status="open").count() == 0
