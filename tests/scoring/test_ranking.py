"""The order of the standings."""

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scoring.ranking import Contender, rank, rank_key

START = datetime(2026, 1, 1, tzinfo=UTC)

contenders = st.lists(
    st.builds(
        Contender,
        submission_id=st.uuids(),
        hotkey=st.sampled_from("abcde"),
        final_score=st.sampled_from([0.0, 0.25, 0.5, 0.75]),
        accepted_at=st.integers(0, 3).map(lambda days: START + timedelta(days=days)),
    ),
    unique_by=lambda contender: contender.submission_id,
)


def contender(score, *, hotkey="a", day=0, number=0):
    return Contender(
        submission_id=uuid.UUID(int=number),
        hotkey=hotkey,
        final_score=score,
        accepted_at=START + timedelta(days=day),
    )


def test_ties_go_to_the_earliest_then_to_the_lower_id():
    third = contender(0.5, hotkey="c", day=1, number=1)
    second = contender(0.5, hotkey="b", day=0, number=3)
    first = contender(0.5, hotkey="a", day=0, number=2)
    assert rank([third, second, first]) == [first, second, third]


def test_a_hotkey_stands_with_its_best_alone():
    best, other = contender(0.5, number=1), contender(0.4, number=2)
    assert rank([other, best]) == [best]


@given(contenders)
def test_every_hotkey_appears_once_and_in_order(found):
    ranked = rank(found)
    assert sorted(entry.hotkey for entry in ranked) == sorted({entry.hotkey for entry in found})
    assert [rank_key(entry) for entry in ranked] == sorted(rank_key(entry) for entry in ranked)


@given(contenders, st.randoms(use_true_random=False))
def test_the_order_of_arrival_in_the_list_does_not_matter(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert rank(shuffled) == rank(found)


@given(contenders)
def test_nobody_in_the_list_is_beaten_by_another_of_the_same_hotkey(found):
    for entry in rank(found):
        rivals = [other for other in found if other.hotkey == entry.hotkey]
        assert min(rivals, key=rank_key) == entry
