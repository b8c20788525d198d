"""Over what a replay goes: the count, the time, and what it says of the rest."""

from datetime import UTC, datetime
from uuid import uuid4

from prism_site.operator.policy.replay.replay import CANNOT, REPLAYS, WEIGHTS
from prism_site.operator.policy.replay.replayed import SHOWN_FLIPS, Budget, Flip, Replayed
from prism_site.policy.keys import SCHEMAS

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)


def flip() -> Flip:
    return Flip(submission_id=uuid4(), name="", before="pass", after="hold")


def test_every_key_says_what_is_replayed_and_what_cannot_be() -> None:
    assert REPLAYS.keys() == CANNOT.keys() == SCHEMAS.keys()
    assert all(REPLAYS[key] or key in WEIGHTS or CANNOT[key] for key in SCHEMAS)


def test_the_time_ends_a_replay_and_the_rest_is_counted() -> None:
    seconds = iter(range(100))
    budget, found = Budget(last=10, seconds=3, now=lambda: float(next(seconds))), Replayed(title="x")
    assert list(budget.spend(range(10), found, 25)) == [0, 1]
    assert (found.more, budget.is_spent) == (23, True)


def test_the_count_ends_a_replay_and_the_rest_is_counted() -> None:
    budget, found = Budget(last=10, seconds=1, now=lambda: 0.0), Replayed(title="x")
    assert len(list(budget.spend(range(10), found, 25))) == 10
    assert found.more == 15


def test_what_was_judged_is_told_apart_from_what_was_left_out() -> None:
    found = Replayed(title="x")
    found.judge(MOMENT, None)
    found.judge(MOMENT.replace(year=2029), flip())
    found.skip("gone")
    found.skip("gone")
    assert (found.judged, len(found.flips), found.left_out) == (2, 1, {"gone": 2})
    assert found.oldest == MOMENT.replace(year=2029)


def test_a_page_shows_so_many_flips_and_counts_the_others() -> None:
    found = Replayed(title="x", flips=[flip() for _ in range(SHOWN_FLIPS + 3)])
    assert (len(found.shown), found.hidden) == (SHOWN_FLIPS, 3)
