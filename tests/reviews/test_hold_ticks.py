"""Time and holds: overdue ones are escalated, abandoned ones rejected, none is accepted by silence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Stage, Status
from evaluations.models import Submission
from prism_site.config import override_env
from prism_site.hold_ticks import BY, attend_holds, expire, grace
from reviews.models import Hold
from tests import factories
from tests.reviews import world
from tests.reviews.world import decide, state, verbs

pytestmark = pytest.mark.django_db


def age(hold: Hold, **ago: float) -> None:
    Hold.objects.filter(pk=hold.pk).update(due_at=timezone.now() - timedelta(**ago))


def test_a_fresh_hold_is_left_alone() -> None:
    hold = world.held_in_review()
    attend_holds()
    assert verbs(hold) == ["open"]
    assert state(hold) == (Status.HELD, Stage.REVIEW)


def test_an_overdue_hold_is_escalated_once_and_stays_open() -> None:
    hold = world.held_in_review()
    age(hold, minutes=1)
    attend_holds()
    attend_holds()
    hold.refresh_from_db()
    assert hold.is_overdue
    assert verbs(hold) == ["open", "escalate"]
    assert state(hold) == (Status.HELD, Stage.REVIEW)


@pytest.mark.parametrize("make", [world.held_in_review, world.held_by_infrastructure])
def test_a_hold_that_nobody_decided_becomes_a_rejection(make: object) -> None:
    hold = make()  # type: ignore[operator]
    other = world.open_on(hold.submission, Hold.Kind.LLM_SUSPICION)
    age(hold, seconds=grace().total_seconds() + 1)
    attend_holds()
    submission = Submission.objects.get()
    assert (submission.status, submission.reason_code) == (Status.REJECTED, "hold_expired")
    for each in (hold, other):
        each.refresh_from_db()
        assert (each.status, each.decision, each.decided_by) == ("expired", "", "")
    event = submission.events.last()
    assert event is not None
    assert (event.verb, event.by) == ("reject", BY)
    assert not expire(hold.pk)


def test_the_times_are_settings() -> None:
    with override_env(hold_due_seconds=3_600, held_review_timeout_seconds=7_200):
        hold = world.held_in_review()
        assert hold.due_at - hold.created_at == timedelta(hours=1)
        age(hold, minutes=59)
        attend_holds()
        assert state(hold)[0] == Status.HELD
        age(hold, minutes=61)
        attend_holds()
        assert state(hold)[0] == Status.REJECTED


def test_a_held_submission_without_a_hold_gets_one() -> None:
    submission = factories.make_held()
    attend_holds()
    attend_holds()
    hold = Hold.objects.get(submission=submission)
    assert (hold.kind, hold.reason_code) == (Hold.Kind.INFRASTRUCTURE, "infrastructure")
    assert hold.evidence["event"]["reason"] == "job_gone"


def test_a_hold_of_what_ended_meanwhile_is_closed() -> None:
    hold = world.open_on(factories.make_evaluating().run.submission)
    transitions.fail(hold.submission_id, by="system:test", reason_code="broken", reason="It broke.")
    attend_holds()
    hold.refresh_from_db()
    assert hold.status == "expired"
    assert Submission.objects.get().reason_code == "broken"


def test_a_decided_hold_never_expires() -> None:
    hold = world.held_in_review()
    decide(hold, Hold.Decision.RELEASE)
    age(hold, days=30)
    attend_holds()
    assert state(hold) == (Status.PENDING, Stage.QUEUED)
