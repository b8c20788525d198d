"""The leaderboard's query."""

import uuid

import pytest

from evaluations.enums import Mode, Status
from evaluations.models import Submission
from scoring import payout, standings
from scoring.models import Score
from tests import factories

pytestmark = pytest.mark.django_db
SMOKE = Mode.LOCAL_CPU_SMOKE


def test_entries_are_ranked_by_score():
    worse, better = factories.make_completed(ease=1.0), factories.make_completed(ease=3.0)
    entries = standings.leaderboard(SMOKE)
    assert [entry.score for entry in entries] == [better, worse]
    assert [entry.rank for entry in entries] == [1, 2]


def test_pages_join_without_gap_or_repetition_even_among_ties():
    for number in range(7):
        factories.make_completed(hotkey=factories.make_hotkey(f"tied {number}"))
    whole, after, pages = standings.leaderboard(SMOKE), None, []
    while page := standings.leaderboard(SMOKE, limit=2, after=after):
        pages += page
        after = page[-1].after
    assert pages == whole


def test_an_epoch_shows_each_hotkeys_best_of_that_epoch():
    hotkey = factories.make_hotkey("a miner")
    old, new = factories.make_completed(hotkey=hotkey, ease=3.0), factories.make_completed(hotkey=hotkey)
    Score.objects.filter(pk=old.pk).update(epoch=1)
    assert [entry.score for entry in standings.leaderboard(SMOKE, epoch=new.epoch)] == [new]
    assert [entry.score for entry in standings.leaderboard(SMOKE)] == [old]


def test_pages_of_an_epoch_never_show_a_second_best():
    for number in range(3):
        hotkey = factories.make_hotkey(f"twice {number}")
        factories.make_completed(hotkey=hotkey, ease=2.0 + number)
        epoch = factories.make_completed(hotkey=hotkey, ease=1.0).epoch
    first = standings.leaderboard(SMOKE, epoch=epoch, limit=1)
    rest = standings.leaderboard(SMOKE, epoch=epoch, after=first[-1].after)
    assert [entry.rank for entry in first + rest] == [1, 2, 3]
    assert len({entry.score.hotkey for entry in first + rest}) == 3


def test_the_order_of_the_database_is_the_order_of_the_ranking():
    for number in range(4):
        factories.make_completed(hotkey=factories.make_hotkey(f"tied {number}"), ease=1.0 + number % 2)
    found = standings.contenders(entry.score for entry in standings.leaderboard(SMOKE))
    from scoring.ranking import rank

    assert rank(found) == found


def test_an_anomaly_is_not_eligible():
    score = factories.make_completed()
    Score.objects.filter(pk=score.pk).update(multiplier=0.0)
    assert standings.eligible(SMOKE) == []


def test_what_is_not_completed_is_not_eligible():
    score = factories.make_completed()
    assert [entry.submission_id for entry in standings.eligible(SMOKE)] == [score.submission_id]
    Submission.objects.filter(pk=score.submission_id).update(status=Status.REJECTED, reason_code="late")
    assert standings.eligible(SMOKE) == []


def test_smoke_scores_are_never_exported():
    factories.make_completed()
    result = payout.payout(SMOKE)
    assert result.weights.weights
    assert payout.exported(result) == {}


def test_official_scores_are_exported():
    score = factories.make_completed(mode=Mode.GPU_PROXY_EVAL)
    assert payout.exported(payout.payout(Mode.GPU_PROXY_EVAL)) == {score.hotkey: pytest.approx(1.0)}


def test_the_hash_of_the_inputs_changes_with_them():
    before = payout.payout(SMOKE).inputs_sha256
    factories.make_completed()
    assert payout.payout(SMOKE).inputs_sha256 != before


def test_after_an_unknown_entry_the_standings_go_on_where_it_would_stand():
    score = factories.make_completed()
    ahead = standings.After(rank=0, value=1.0, accepted_at=score.accepted_at, submission_id=uuid.UUID(int=0))
    assert [entry.score for entry in standings.leaderboard(SMOKE, after=ahead)] == [score]
