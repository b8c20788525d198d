"""A family out of its members: by hand, and for all of them in whatever order they come."""

import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scoring.folding import FamilyState, Member, fold

START = datetime(2026, 1, 1, tzinfo=UTC)
MARGIN = 0.1


def member(number: int, score: float, hotkey: str = "", training: str = "", **more: object) -> Member:
    values = {
        "submission_id": uuid.UUID(int=number),
        "hotkey": hotkey or f"hotkey {number}",
        "accepted_at": START + timedelta(minutes=number),
        "final_score": score,
        "graph_hash": "g",
        "architecture_hash": "a",
        "training_hash": training,
    }
    return Member(**{**values, **more})


def beats(candidate: Member, best: Member) -> bool:
    return candidate.final_score > best.final_score + MARGIN


def folded(*members: Member) -> FamilyState:
    state = fold(members, beats)
    assert state is not None
    return state


def test_nobody_makes_no_family() -> None:
    assert fold([], beats) is None


def test_the_earliest_accepted_discovers_and_the_best_is_canonical() -> None:
    early, late = member(1, 0.3), member(2, 0.4)
    state = folded(late, early)
    assert (state.discoverer, state.canonical, state.members) == (early, late, 2)


def test_an_equal_score_that_came_later_is_not_canonical() -> None:
    early, late = member(1, 0.4), member(2, 0.4)
    assert folded(early, late).canonical is early


def test_current_best_changes_hands_beyond_the_noise_alone() -> None:
    first, close, clear = (
        member(1, 0.3, training="t1"),
        member(2, 0.39, training="t2"),
        member(3, 0.5, training="t3"),
    )
    assert folded(first, close).current_best == "t1"
    assert folded(first, close, clear).current_best == "t3"


def test_an_architecture_alone_has_no_variant() -> None:
    state = folded(member(1, 0.3))
    assert (state.variants, state.current_best) == ({}, None)


def test_an_operators_word_goes_before_the_comparison() -> None:
    first = member(1, 0.3, training="t1")
    near = member(2, 0.35, training="t2", takes_best=True)
    far = member(3, 0.9, training="t3", takes_best=False)
    assert folded(first, near).current_best == "t2"
    assert folded(first, far).current_best == "t1"


def test_a_rerun_of_ones_own_training_improves_its_variant_and_anothers_does_not() -> None:
    first = member(1, 0.3, "alice", training="t1")
    again, other = member(2, 0.35, "alice", training="t1"), member(3, 0.9, "bob", training="t1")
    variant = folded(first, again, other).variants["t1"]
    assert (variant.first, variant.best, variant.members) == (first, again, 3)


def test_a_rival_is_compared_with_the_best_of_the_variant_that_it_challenges() -> None:
    first, again = member(1, 0.3, "alice", training="t1"), member(2, 0.6, "alice", training="t1")
    rival = member(3, 0.65, "bob", training="t2")
    assert folded(first, again, rival).current_best == "t1"


people = st.sampled_from(["alice", "bob", "carol"])
members = st.lists(
    st.tuples(st.floats(0.1, 0.9), people, st.sampled_from(["", "t1", "t2", "t3"])), max_size=12
).map(lambda rows: [member(n, score, who, training=hashed) for n, (score, who, hashed) in enumerate(rows)])


@given(members, st.randoms(use_true_random=False))
def test_the_order_in_which_runs_end_changes_nothing(found: list[Member], chance: random.Random) -> None:
    assert fold(chance.sample(found, len(found)), beats) == fold(found, beats)


@given(members.filter(bool), people, st.sampled_from(["", "t1", "t9"]), st.floats(0.1, 0.9))
def test_who_comes_later_never_owns_the_family(
    found: list[Member], who: str, training: str, score: float
) -> None:
    later = member(100, score, who, training=training)
    before, after = fold(found, beats), fold([*found, later], beats)
    assert before is not None
    assert after is not None
    assert after.discoverer == before.discoverer
    assert all(after.variants[name].first == variant.first for name, variant in before.variants.items())


@given(members.filter(bool), st.floats(0.0, 1.0))
def test_a_hotkeys_second_best_in_a_family_changes_no_owner_and_no_score(
    found: list[Member], part: float
) -> None:
    state = fold(found, beats)
    assert state is not None
    best = state.canonical
    worse = replace(best, submission_id=uuid.UUID(int=99), accepted_at=START + timedelta(days=9))
    after = fold([*found, replace(worse, final_score=best.final_score * part)], beats)
    assert after is not None
    assert (after.discoverer, after.canonical, after.current_best) == (
        state.discoverer,
        state.canonical,
        state.current_best or (best.training_hash or None),
    )


@given(members.filter(bool), st.integers(0, 11))
def test_what_is_taken_away_leaves_no_trace(found: list[Member], place: int) -> None:
    gone = found[place % len(found)]
    rest = [each for each in found if each is not gone]
    state = fold(rest, beats)
    assert state is None or gone not in (state.discoverer, state.canonical)
    assert state is None or all(gone not in (each.first, each.best) for each in state.variants.values())
