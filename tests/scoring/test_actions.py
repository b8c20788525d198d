"""Storing a score."""

import uuid

import pytest

from evaluations.enums import Mode, Stage, Status
from evaluations.models import Run, Submission
from evaluations.transitions import TransitionRefused
from scoring.actions import NothingToScore, record_score
from scoring.models import Score
from tests import factories

pytestmark = pytest.mark.django_db


def scoring_submission(**submission):
    """A submission whose manifest was taken and that waits for its score."""
    attempt = factories.make_evaluating(points=len(factories.chunk_ends()), **submission)
    factories.finish(attempt)
    return Submission.objects.get(pk=attempt.run.submission_id)


def test_the_score_is_that_of_the_manifest_and_the_submission_is_completed():
    submission = scoring_submission()
    score = record_score(submission_id=submission.pk, by="system:pipeline")
    manifest = Run.objects.get(submission=submission).manifest
    assert score.bpb == manifest["score"]["bpb"]
    heldout_share = 0.005 * manifest["heldout"]["delta"] / 8
    assert score.final_score == pytest.approx(1 / (1 + score.bpb - heldout_share))
    assert score.heldout_delta == manifest["heldout"]["delta"]
    submission.refresh_from_db()
    assert (submission.status, submission.stage) == (Status.COMPLETED, Stage.DONE)
    assert submission.events.last().data["final_score"] == score.final_score


def test_scoring_twice_changes_nothing():
    submission = scoring_submission()
    first = record_score(submission_id=submission.pk, by="system:pipeline")
    events = submission.events.count()
    assert record_score(submission_id=submission.pk, by="system:pipeline") == first
    assert submission.events.count() == events


def test_a_submission_without_a_manifest_cannot_be_scored():
    submission = factories.make_submission(stage=Stage.QUEUED)
    with pytest.raises(NothingToScore):
        record_score(submission_id=submission.pk, by="system:pipeline")
    assert not Score.objects.exists()


def test_a_submission_that_does_not_wait_for_its_score_is_refused_whole():
    submission = scoring_submission()
    Submission.objects.filter(pk=submission.pk).update(stage=Stage.EVALUATING)
    with pytest.raises(TransitionRefused):
        record_score(submission_id=submission.pk, by="system:pipeline")
    assert not Score.objects.exists()


def test_an_unknown_submission_is_an_error():
    with pytest.raises(Submission.DoesNotExist):
        record_score(submission_id=uuid.uuid4(), by="system:pipeline")


@pytest.mark.parametrize(("first", "second", "best"), [(1.0, 2.0, "second"), (2.0, 1.0, "first")])
def test_a_hotkey_keeps_its_best(first, second, best):
    hotkey = factories.make_hotkey("a miner")
    scores = {
        "first": factories.make_completed(hotkey=hotkey, ease=first),
        "second": factories.make_completed(hotkey=hotkey, ease=second),
    }
    marked = Score.objects.get(hotkey=hotkey, best_in_mode=True)
    assert marked.submission_id == scores[best].submission_id


def test_an_equal_score_that_came_later_does_not_replace_the_best():
    hotkey = factories.make_hotkey("a miner")
    first = factories.make_completed(hotkey=hotkey)
    factories.make_completed(hotkey=hotkey)
    assert Score.objects.get(hotkey=hotkey, best_in_mode=True).submission_id == first.submission_id


def test_modes_keep_their_best_apart():
    hotkey = factories.make_hotkey("a miner")
    factories.make_completed(hotkey=hotkey)
    factories.make_completed(hotkey=hotkey, mode=Mode.GPU_PROXY_EVAL)
    assert Score.objects.filter(hotkey=hotkey, best_in_mode=True).count() == 2


def test_an_anomaly_in_the_manifest_scores_zero():
    submission = scoring_submission()
    run = Run.objects.get(submission=submission)
    run.manifest["score"]["multiplier"] = 0.0
    run.save(update_fields=["manifest"])
    score = record_score(submission_id=submission.pk, by="system:pipeline")
    assert (score.multiplier, score.final_score) == (0.0, 0.0)


def with_heldout(submission, **figures):
    """The submission with other held-out figures in its manifest; without any, without the section."""
    run = Run.objects.get(submission=submission)
    run.manifest["heldout"] = {**run.manifest["heldout"], **figures} if figures else None
    run.save(update_fields=["manifest"])
    return record_score(submission_id=submission.pk, by="system:pipeline")


def test_learning_by_heart_halves_the_score():
    memorised, learned = (with_heldout(scoring_submission(), gap=gap) for gap in (1.01, 1.0))
    assert (memorised.penalty, learned.penalty) == (0.5, 1.0)
    assert memorised.final_score == pytest.approx(learned.final_score / 2)


def test_held_out_gain_orders_near_ties_and_moves_a_score_by_no_more():
    most, some, none = (with_heldout(scoring_submission(), delta=delta) for delta in (99.0, 4.0, -3.0))
    without = with_heldout(scoring_submission())
    assert most.final_score > some.final_score > none.final_score == without.final_score
    assert 1 / most.final_score == pytest.approx(1 / without.final_score - 0.005)
    assert without.heldout_delta is None


def test_nothing_trained_is_no_memorising():
    assert with_heldout(scoring_submission(), gap=None, train_bpb=None).penalty == 1.0
