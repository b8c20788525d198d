"""Deciding about holds of every kind, and undoing it: submission, score and history move along."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Mode, RunState, Stage, Status
from evaluations.models import Run, Submission
from evaluations.transitions import TransitionRefused
from prism_site import decisions, pipeline
from prism_site.config import override_env
from prism_site.decisions import UndoTooLate
from reviews.attribution import Attribution
from reviews.holds import DecisionRefused, HoldChanged
from reviews.models import Hold, OperatorProfile
from reviews.operators import OwnHotkey
from scoring import standings
from scoring.models import Score
from scoring.payout import payout
from scoring.snapshots import snapshot_epochs
from tests import factories
from tests.api.conftest import break_policy
from tests.reviews import world
from tests.reviews.test_holds import held as held_by_anomaly
from tests.reviews.world import ADAM, EVE, decide, state, verbs

pytestmark = pytest.mark.django_db
RELEASE, CONFIRM, LIFT = Hold.Decision.RELEASE, Hold.Decision.CONFIRM, Hold.Decision.LIFT_MULTIPLIER
MODE = Mode.LOCAL_CPU_SMOKE


@pytest.fixture(autouse=True)
def long_epoch() -> object:
    """No epoch ends in the middle of a test."""
    with override_env(epoch_seconds=31_536_000) as env:
        yield env


def undo(hold: Hold, *, by: str = EVE) -> Hold:
    return decisions.undo(hold.pk, by=by, note="on second thoughts")


def eligible() -> set[str]:
    return {contender.hotkey for contender in standings.eligible(MODE)}


# release and confirm


def test_what_is_released_in_review_waits_for_its_turn() -> None:
    hold = world.held_in_review()
    decide(hold, RELEASE)
    assert state(hold) == (Status.PENDING, Stage.QUEUED)
    event = hold.submission.events.last()
    assert (event.verb, event.by) == ("release", EVE)
    assert (event.data["hold"], event.data["decision"], event.data["note"]) == (
        hold.pk, "release", "looked at it",
    )  # fmt: skip
    assert event.data["before"]["status"] == Status.HELD


def test_what_is_confirmed_in_review_is_rejected_with_the_reason_of_the_hold() -> None:
    hold = world.held_in_review()
    decide(hold, CONFIRM)
    assert state(hold) == (Status.REJECTED, Stage.DONE)
    assert Submission.objects.get().reason_code == "opaque_constant"


def test_what_the_infrastructure_lost_is_released_with_a_fresh_allowance() -> None:
    hold = world.held_by_infrastructure()
    decide(hold, RELEASE)
    assert state(hold) == (Status.PENDING, Stage.QUEUED)
    run = Run.objects.get()
    assert (run.state, run.attempts_made) == (RunState.QUEUED, 0)


def test_what_the_infrastructure_lost_is_failed_and_not_rejected_when_confirmed() -> None:
    hold = world.held_by_infrastructure()
    decide(hold, CONFIRM)
    assert state(hold) == (Status.FAILED, Stage.DONE)
    assert Submission.objects.get().reason_code == "infrastructure"


def test_both_histories_keep_before_and_after() -> None:
    hold = world.held_in_review()
    decide(hold, RELEASE, note="my own constant")
    event = hold.events.last()
    assert (event.verb, event.by, event.note) == ("decide", EVE, "my own constant")
    assert (event.before["hold"]["status"], event.after["hold"]["status"]) == ("open", "resolved")
    assert (event.before["submission"]["status"], event.after["submission"]["status"]) == ("held", "pending")


# several holds


def test_a_release_waits_for_the_last_hold() -> None:
    first = world.held_in_review()
    second = world.open_on(first.submission, Hold.Kind.LLM_SUSPICION)
    decide(first, RELEASE)
    assert state(first) == (Status.HELD, Stage.REVIEW)
    assert first.submission.events.last().verb == "decide"
    decide(second, RELEASE)
    assert state(first) == (Status.PENDING, Stage.QUEUED)


def test_a_rejection_closes_the_other_holds_and_its_undo_opens_them_again() -> None:
    first = world.held_in_review()
    second = world.open_on(first.submission, Hold.Kind.LLM_SUSPICION)
    decide(first, CONFIRM)
    second.refresh_from_db()
    assert (second.status, second.decision, second.closed_with_id) == ("resolved", "confirm", first.pk)
    undo(second)
    for hold in (first, second):
        hold.refresh_from_db()
        assert (hold.status, hold.decision, hold.closed_with) == ("open", "", None)
    assert state(first) == (Status.HELD, Stage.QUEUED)
    assert verbs(second) == ["open", "close", "undo"]


def test_a_multiplier_lifted_while_another_hold_is_open_counts_once_that_is_released() -> None:
    anomaly = held_by_anomaly()
    other = world.open_on(anomaly.submission)
    decide(anomaly, LIFT)
    assert state(anomaly) == (Status.HELD, Stage.SCORING)
    assert eligible() == set()
    decide(other, RELEASE)
    assert state(anomaly) == (Status.COMPLETED, Stage.DONE)
    assert eligible() == {anomaly.submission.hotkey}


# an open hold blocks, wherever the submission is


def test_an_open_hold_stops_a_scored_submission_and_its_weight() -> None:
    submission = factories.make_submission(stage=Stage.QUEUED)
    hold = world.open_on(submission)
    world.run_through(submission)
    assert state(hold) == (Status.HELD, Stage.SCORING)
    assert Score.objects.get().final_score > 0
    assert eligible() == set()
    decide(hold, RELEASE)
    assert state(hold) == (Status.COMPLETED, Stage.DONE)
    assert eligible() == {submission.hotkey}


def test_an_open_hold_stops_a_queued_submission_before_it_costs_a_run() -> None:
    submission = factories.make_submission(stage=Stage.QUEUED)
    hold = world.open_on(submission)
    pipeline.advance(str(submission.pk))
    assert state(hold) == (Status.HELD, Stage.QUEUED)
    assert not Run.objects.exists()


@pytest.mark.parametrize("decision", [RELEASE, CONFIRM])
def test_a_hold_is_decided_while_the_submission_is_being_evaluated(decision: Hold.Decision) -> None:
    attempt = factories.make_evaluating()
    hold = world.open_on(attempt.run.submission)
    decide(hold, decision)
    assert state(hold)[0] == (Status.RUNNING if decision == RELEASE else Status.REJECTED)


# undo


@pytest.mark.parametrize("make", [world.held_in_review, world.held_by_infrastructure])
@pytest.mark.parametrize("decision", [RELEASE, CONFIRM])
def test_a_decision_about_what_was_not_scored_is_undone(make: object, decision: Hold.Decision) -> None:
    hold = make()  # type: ignore[operator]
    decide(hold, decision)
    undone = undo(hold, by=ADAM)
    assert (undone.status, undone.decision, undone.note, undone.version) == ("open", "", "", 3)
    assert state(hold) == (Status.HELD, Stage.QUEUED)
    assert verbs(hold)[-2:] == ["decide", "undo"]
    assert hold.events.last().by == ADAM
    decide(hold, RELEASE)
    assert state(hold) == (Status.PENDING, Stage.QUEUED)


@pytest.mark.parametrize("decision", [RELEASE, LIFT, CONFIRM])
def test_a_decision_about_a_score_is_undone_with_its_effect(decision: Hold.Decision) -> None:
    hold = held_by_anomaly()
    decide(hold, decision)
    undo(hold)
    score = Score.objects.get()
    assert state(hold) == (Status.HELD, Stage.SCORING)
    assert (score.multiplier, score.final_score) == (0.0, 0.0)
    assert eligible() == set()
    decide(hold, LIFT)
    assert eligible() == {hold.submission.hotkey}


def test_what_was_scored_after_a_release_is_held_again_and_the_next_best_counts() -> None:
    hotkey = factories.make_hotkey("a miner")
    weaker = factories.make_completed(hotkey=hotkey, ease=0.5)
    hold = world.held_in_review(hotkey=hotkey)
    decide(hold, RELEASE)
    world.run_through(hold.submission)
    assert Score.objects.get(best_in_mode=True).pk == hold.submission_id
    undo(hold)
    assert state(hold) == (Status.HELD, Stage.SCORING)
    assert Score.objects.get(best_in_mode=True).pk == weaker.pk
    decide(hold, RELEASE)
    assert Score.objects.get(best_in_mode=True).pk == hold.submission_id


def test_what_is_being_evaluated_goes_on_and_is_stopped_before_its_score_counts() -> None:
    hold = world.held_in_review()
    decide(hold, RELEASE)
    attempt = factories.start(factories.make_run(hold.submission))
    undo(hold)
    assert state(hold) == (Status.RUNNING, Stage.EVALUATING)
    assert hold.submission.events.last().verb == "undo"
    world.evaluate_to_the_end(attempt)
    assert state(hold) == (Status.HELD, Stage.SCORING)
    assert eligible() == set()


def test_of_two_undos_the_second_is_told() -> None:
    hold = world.held_in_review()
    decide(hold, RELEASE)
    undo(hold)
    with pytest.raises(HoldChanged):
        undo(hold)


def test_nothing_is_undone_once_the_weights_of_its_epoch_are_written_down() -> None:
    hold = world.held_in_review()
    decide(hold, CONFIRM)
    past = timezone.now() - timedelta(days=800)
    Submission.objects.filter(pk=hold.submission_id).update(created_at=past)
    Hold.objects.filter(pk=hold.pk).update(decided_at=past)
    snapshot_epochs()
    with pytest.raises(UndoTooLate) as refused:
        undo(hold)
    assert refused.value.code == "undo_too_late"
    assert state(hold) == (Status.REJECTED, Stage.DONE)


def test_an_ended_epoch_without_its_snapshot_still_allows_an_undo() -> None:
    hold = world.held_in_review()
    decide(hold, CONFIRM)
    Hold.objects.filter(pk=hold.pk).update(decided_at=timezone.now() - timedelta(days=800))
    undo(hold)
    assert state(hold) == (Status.HELD, Stage.QUEUED)


def test_what_failed_after_a_release_stays_failed() -> None:
    hold = world.held_in_review()
    decide(hold, RELEASE)
    transitions.fail(hold.submission_id, by="system:test", reason_code="broken", reason="It broke.")
    with pytest.raises(UndoTooLate):
        undo(hold)
    hold.refresh_from_db()
    assert hold.status == "resolved"


def test_a_rejection_in_the_middle_of_a_run_stays() -> None:
    attempt = factories.make_evaluating()
    hold = world.open_on(attempt.run.submission)
    decide(hold, CONFIRM)
    with pytest.raises(UndoTooLate):
        undo(hold)


# who may, and what


def test_an_operator_does_not_decide_about_an_own_hotkey() -> None:
    hold = world.held_in_review()
    OperatorProfile.objects.create(user=User.objects.create_user("eve"), hotkey=hold.submission.hotkey)
    assert decisions.is_own(hold, EVE)
    assert not decisions.is_own(hold, ADAM)
    for refused in (lambda: decide(hold, RELEASE), lambda: undo(hold)):
        with pytest.raises(OwnHotkey) as error:
            refused()
        assert error.value.code == "own_hotkey"
    decide(hold, RELEASE, by=ADAM)
    assert state(hold) == (Status.PENDING, Stage.QUEUED)


def test_an_own_hotkey_among_the_neighbours_counts_too() -> None:
    submission = factories.make_submission(stage=Stage.REVIEW)
    hold = world.open_on(submission, evidence={"neighbours": [{"hotkey": "5Mine", "similarity": 0.9}]})
    OperatorProfile.objects.create(user=User.objects.create_user("eve"), hotkey="5Mine")
    with pytest.raises(OwnHotkey):
        decide(hold, RELEASE)


ATTRIBUTION = Attribution(architecture_action="new", training_action="none")


def test_an_attribution_is_kept_and_the_submission_goes_on() -> None:
    hold = world.held_in_review()
    Hold.objects.filter(pk=hold.pk).update(kind=Hold.Kind.LOW_CONFIDENCE_ATTRIBUTION)
    decisions.decide(
        hold.pk, Hold.Decision.ATTRIBUTE, by=EVE, note="its own", version=1, attribution=ATTRIBUTION
    )
    hold.refresh_from_db()
    assert hold.resolution["architecture_action"] == "new"
    assert state(hold) == (Status.PENDING, Stage.QUEUED)


@pytest.mark.parametrize(
    ("kind", "decision", "attribution"),
    [
        (Hold.Kind.QUARANTINE, Hold.Decision.ATTRIBUTE, ATTRIBUTION),
        (Hold.Kind.NEAR_THRESHOLD, Hold.Decision.ATTRIBUTE, None),
        (Hold.Kind.INFRASTRUCTURE, RELEASE, ATTRIBUTION),
        (Hold.Kind.QUARANTINE, CONFIRM, ATTRIBUTION),
        (Hold.Kind.QUARANTINE, RELEASE, Attribution(architecture_action="reject")),
    ],
)
def test_an_attribution_that_does_not_fit_is_refused(
    kind: Hold.Kind, decision: Hold.Decision, attribution: Attribution | None
) -> None:
    hold = world.held_in_review()
    Hold.objects.filter(pk=hold.pk).update(kind=kind)
    with pytest.raises(DecisionRefused):
        decisions.decide(hold.pk, decision, by=EVE, note="n", version=1, attribution=attribution)


def test_a_multiplier_cannot_be_lifted_before_there_is_a_score() -> None:
    submission = factories.make_submission(stage=Stage.QUEUED)
    hold = world.open_on(submission, Hold.Kind.INTEGRITY_ANOMALY)
    with pytest.raises(TransitionRefused):
        decide(hold, LIFT)
    hold.refresh_from_db()
    assert hold.status == "open"


# many at once


def test_many_alike_are_decided_each_whole_by_itself() -> None:
    alike = [world.held_in_review() for _ in range(3)]
    seen = [(hold.pk, hold.version) for hold in alike]
    decide(alike[1], CONFIRM, by=ADAM)
    told = decisions.decide_many([*seen, (10**9, 1)], RELEASE, by=EVE, note="a known constant")
    assert [each.code for each in told] == ["", "hold_changed", "", "not_found"]
    assert told[1].hold is not None
    assert told[1].hold.decided_by == ADAM
    assert [state(hold)[0] for hold in alike] == [Status.PENDING, Status.REJECTED, Status.PENDING]


def test_without_valid_policy_each_of_many_is_refused_and_says_so() -> None:
    alike = [held_by_anomaly(mode=Mode.GPU_PROXY_EVAL) for _ in range(2)]
    break_policy()
    told = decisions.decide_many([(hold.pk, hold.version) for hold in alike], LIFT, by=EVE, note="fine")
    assert [each.code for each in told] == ["policy_invalid", "policy_invalid"]
    assert {state(hold)[0] for hold in alike} == {Status.HELD}


def test_what_is_not_alike_is_not_decided_together() -> None:
    first, other = world.held_in_review(), world.held_by_infrastructure()
    with pytest.raises(DecisionRefused):
        decisions.decide_many([(first.pk, 1), (other.pk, 1)], RELEASE, by=EVE, note="n")
    assert state(first)[0] == Status.HELD


# what it would do to the weights


def effects_of(hold: Hold) -> dict[str, decisions.Effect]:
    return {effect.decision: effect for effect in decisions.effects(hold)}


def test_effects_tell_what_each_decision_then_does() -> None:
    honest = factories.make_completed(ease=0.5)
    hold = held_by_anomaly()
    told = effects_of(hold)
    assert set(told) == {RELEASE, LIFT, CONFIRM}
    assert told[RELEASE].changes == told[CONFIRM].changes == []
    lifted = told[LIFT]
    assert set(lifted.weights_before) == {honest.hotkey}
    assert set(lifted.weights_after) == {honest.hotkey, hold.submission.hotkey}
    assert {change.hotkey for change in lifted.changes} == set(lifted.weights_after)
    decide(hold, LIFT)
    assert payout(MODE).weights.weights == pytest.approx(lifted.weights_after)


def test_effects_of_a_hold_without_a_score_say_so() -> None:
    hold = world.held_in_review()
    assert all(effect.changes == [] for effect in decisions.effects(hold))
    assert "no score" in effects_of(hold)[RELEASE].explanation


def test_a_second_hold_keeps_a_score_out_whatever_is_decided_about_the_first() -> None:
    hold = held_by_anomaly()
    world.open_on(hold.submission)
    assert effects_of(hold)[LIFT].changes == []
