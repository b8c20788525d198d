"""Holds: opened by a check, decided once by a person, never half."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Stage, Status
from evaluations.models import Run, Submission
from evaluations.transitions import TransitionRefused
from prism_site import decisions, pipeline
from reviews.holds import DECISIONS, DecisionRefused, HoldChanged
from reviews.models import Hold
from scoring import standings
from scoring.actions import record_score
from scoring.models import Score
from tests import factories

pytestmark = pytest.mark.django_db
ANOMALY = {"code": "step0_anomaly", "detail": "Before any training the model predicts the first text."}
EVE = "operator:eve"


def waiting_for_score(*, anomalous: bool = True, **submission: Any) -> Submission:
    """A submission whose manifest was taken, with or without an anomaly in it."""
    attempt = factories.make_evaluating(points=len(factories.chunk_ends()), **submission)
    factories.finish(attempt)
    if anomalous:
        run = Run.objects.get(pk=attempt.run_id)
        assert run.manifest is not None
        run.manifest["score"]["multiplier"] = 0.0
        run.manifest["integrity"]["anomalies"] = [ANOMALY]
        run.save(update_fields=["manifest"])
    return Submission.objects.get(pk=attempt.run.submission_id)


def held(**submission: Any) -> Hold:
    waiting = waiting_for_score(**submission)
    assert pipeline.advance(str(waiting.pk)) is False  # the stage stays `scoring`
    return Hold.objects.get(submission=waiting)


def state(hold: Hold) -> tuple[str, str]:
    submission = Submission.objects.get(pk=hold.submission_id)
    return submission.status, submission.stage


def decide(hold: Hold, decision: Hold.Decision, note: str = "looked at the weights") -> Hold:
    return decisions.decide(hold.pk, decision, by=EVE, note=note, version=hold.version)


def test_an_anomaly_holds_the_submission_with_a_score_of_zero() -> None:
    hold = held()
    assert state(hold) == (Status.HELD, Stage.SCORING)
    assert (hold.kind, hold.status, hold.reason_code) == ("integrity_anomaly", "open", "step0_anomaly")
    assert hold.evidence["anomalies"][0]["code"] == "step0_anomaly"
    assert hold.due_at - hold.created_at == timedelta(hours=24)
    submission = Submission.objects.get(pk=hold.submission_id)
    assert submission.reason_code == "step0_anomaly"
    assert ANOMALY["detail"] in submission.reason
    assert Score.objects.get(pk=submission.pk).final_score == 0.0


def test_a_submission_without_an_anomaly_is_completed_and_not_held() -> None:
    submission = waiting_for_score(anomalous=False)
    assert pipeline.advance(str(submission.pk))
    submission.refresh_from_db()
    assert submission.status == Status.COMPLETED
    assert not Hold.objects.exists()


def test_an_anomaly_of_one_seed_holds_the_whole_submission() -> None:
    submission = waiting_for_score(anomalous=False)
    first = Run.objects.get(submission=submission)
    assert first.manifest is not None
    manifest = {**first.manifest, "score": {**first.manifest["score"], "multiplier": 0.0}}
    manifest["integrity"] = {"anomalies": [ANOMALY]}
    second = factories.make_run(submission, seed=7)
    Run.objects.filter(pk=second.pk).update(
        state="finished", verdict="scored", manifest=manifest, finished_at=timezone.now()
    )
    pipeline.advance(str(submission.pk))
    hold = Hold.objects.get(submission=submission)
    assert hold.evidence["anomalies"][0]["run"] == str(second.pk)


def test_looking_again_opens_no_second_hold() -> None:
    hold = held()
    assert pipeline.advance(str(hold.submission_id)) is False
    assert Hold.objects.count() == 1
    assert state(hold) == (Status.HELD, Stage.SCORING)


def test_a_score_whose_hold_was_lost_is_held_when_looked_at_again() -> None:
    """The score is stored with its hold or not at all; but should it be, the next look repairs it."""
    submission = waiting_for_score()
    record_score(submission_id=submission.pk, by="system:pipeline")
    pipeline.advance(str(submission.pk))
    assert Hold.objects.filter(submission=submission, status="open").exists()


def test_held_is_on_no_list_and_earns_nothing() -> None:
    hold = held()
    mode = Submission.objects.get(pk=hold.submission_id).mode
    assert standings.leaderboard(mode) == []
    assert standings.eligible(mode) == []


def test_lifting_gives_the_score_that_it_would_have_had() -> None:
    hold = held()
    honest = factories.make_completed()
    decide(hold, Hold.Decision.LIFT_MULTIPLIER)
    score = Score.objects.get(pk=hold.submission_id)
    assert state(hold) == (Status.COMPLETED, Stage.DONE)
    assert (score.multiplier, score.final_score) == (1.0, pytest.approx(honest.final_score))
    assert score.best_in_mode
    assert {entry.score.pk for entry in standings.leaderboard(score.mode)} == {score.pk, honest.pk}
    assert len(standings.eligible(score.mode)) == 2


def test_lifting_decides_anew_which_score_of_the_hotkey_is_the_best() -> None:
    hotkey = factories.make_hotkey("a miner")
    weak = factories.make_completed(hotkey=hotkey, ease=0.5)
    hold = held(hotkey=hotkey)
    assert Score.objects.get(hotkey=hotkey, best_in_mode=True).pk == weak.pk
    decide(hold, Hold.Decision.LIFT_MULTIPLIER)
    assert Score.objects.get(hotkey=hotkey, best_in_mode=True).pk == hold.submission_id


def test_released_without_lifting_is_completed_and_worth_nothing() -> None:
    hold = held()
    decide(hold, Hold.Decision.RELEASE)
    score = Score.objects.get(pk=hold.submission_id)
    assert state(hold) == (Status.COMPLETED, Stage.DONE)
    assert (score.multiplier, score.final_score) == (0.0, 0.0)
    assert standings.eligible(score.mode) == []


def test_confirmed_is_rejected_with_the_operators_words() -> None:
    hold = held()
    decide(hold, Hold.Decision.CONFIRM, note="weights of a public model")
    submission = Submission.objects.get(pk=hold.submission_id)
    assert (submission.status, submission.reason_code) == (Status.REJECTED, "step0_anomaly")
    assert "weights of a public model" in submission.reason
    assert standings.leaderboard(submission.mode) == []


def test_a_decision_is_kept_with_who_when_and_why_and_told_in_the_history() -> None:
    hold = held()
    decide(hold, Hold.Decision.LIFT_MULTIPLIER, note="  honest after all ")
    hold.refresh_from_db()
    assert (hold.status, hold.decision, hold.decided_by) == ("resolved", "lift_multiplier", EVE)
    assert (hold.note, hold.version) == ("honest after all", 2)
    event = hold.submission.events.last()
    assert (event.verb, event.by) == ("complete", EVE)
    before = event.data["before"]
    assert (before["status"], before["multiplier"], before["final_score"]) == (Status.HELD, 0.0, 0.0)
    assert (event.data["multiplier"], event.data["note"]) == (1.0, "honest after all")


def test_of_two_decisions_one_wins_and_the_other_is_told() -> None:
    hold = held()
    decide(hold, Hold.Decision.RELEASE)
    with pytest.raises(HoldChanged, match="operator:eve decided in the meantime: Release"):
        decide(hold, Hold.Decision.CONFIRM)
    assert state(hold) == (Status.COMPLETED, Stage.DONE)


def test_a_decision_about_an_older_version_is_refused() -> None:
    hold = held()
    decide(hold, Hold.Decision.RELEASE)
    decisions.undo(hold.pk, by=EVE)
    with pytest.raises(HoldChanged) as told:
        decide(hold, Hold.Decision.RELEASE)
    assert (told.value.code, told.value.hold.version) == ("hold_changed", 3)
    hold.refresh_from_db()
    assert (hold.status, hold.decision, hold.version) == ("open", "", 3)


@pytest.mark.parametrize("note", ["", "   ", "x" * 2001])
def test_a_decision_needs_a_note_of_reasonable_length(note: str) -> None:
    hold = held()
    with pytest.raises(DecisionRefused):
        decide(hold, Hold.Decision.RELEASE, note=note)
    assert state(hold) == (Status.HELD, Stage.SCORING)


def test_a_hold_of_another_kind_is_not_decided_as_an_anomaly() -> None:
    hold = held()
    Hold.objects.filter(pk=hold.pk).update(kind="quarantine")
    for decision in (Hold.Decision.LIFT_MULTIPLIER, Hold.Decision.ATTRIBUTE):
        with pytest.raises(DecisionRefused):
            decide(hold, decision)
    hold.refresh_from_db()
    assert hold.status == "open"


def test_where_the_submission_cannot_move_the_hold_stays_open() -> None:
    hold = held()
    transitions.reject(hold.submission_id, by=EVE, reason_code="other", reason="Another reason.")
    with pytest.raises(TransitionRefused):
        decide(hold, Hold.Decision.LIFT_MULTIPLIER)
    hold.refresh_from_db()
    assert hold.status == "open"
    assert Score.objects.get(pk=hold.submission_id).multiplier == 0.0


def test_every_kind_says_which_decisions_it_takes() -> None:
    assert set(DECISIONS) == set(Hold.Kind)
    lifting = {kind for kind, taken in DECISIONS.items() if Hold.Decision.LIFT_MULTIPLIER in taken}
    assert lifting == {Hold.Kind.INTEGRITY_ANOMALY}


DECIDED: dict[str, Any] = {
    "status": "resolved", "decision": "release", "decided_by": EVE, "decided_at": timezone.now(), "note": "n"
}  # fmt: skip
WRONG: list[dict[str, Any]] = [
    *({**DECIDED, name: None if name == "decided_at" else ""} for name in DECIDED if name != "status"),
    {**DECIDED, "status": "open"},
    {**DECIDED, "status": "expired"},
    {"status": "expired"},
    {"claimed_by": EVE},
    {"claimed_at": timezone.now()},
    {"claimed_by": EVE, "claimed_at": timezone.now()},
    {"confidence": 1.5},
    {"reason_code": ""},
    {"summary": ""},
]


def row(**values: Any) -> Hold:
    submission = factories.make_submission()
    now = timezone.now()
    base = {"kind": "integrity_anomaly", "reason_code": "c", "summary": "s", "created_at": now, "due_at": now}
    return Hold.objects.create(submission=submission, **{**base, **values})


@pytest.mark.parametrize("values", WRONG, ids="-".join)
def test_the_database_refuses_half_a_fact(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row(**values)


@pytest.mark.parametrize("values", [{}, DECIDED, {"status": "expired", "decided_at": timezone.now()}])
def test_the_database_takes_whole_facts(values: dict[str, Any]) -> None:
    assert row(**values).pk


def test_one_open_hold_of_a_kind_at_a_time() -> None:
    hold = row()
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(
            submission=hold.submission,
            kind=hold.kind,
            reason_code="c",
            summary="s",
            created_at=hold.created_at,
            due_at=hold.due_at,
        )
