"""The estimate of a turn: bounds that hold for any queue, and exact answers where there is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.estimates import Line, Running, Span, play

SECONDS = st.floats(1.0, 1e5)
DURATIONS = st.lists(SECONDS, min_size=1, max_size=30)
MODE = "local_cpu_smoke"


@st.composite
def lines(draw: st.DrawFn) -> Line:
    elapsed = draw(st.lists(st.floats(0.0, 2e5), max_size=4))
    return Line(
        mode=MODE,
        slots=draw(st.integers(1, 4)),
        running=[Running(mode=MODE, elapsed=one) for one in elapsed],
        ahead=[MODE] * draw(st.integers(0, 12)),
        waiting=draw(st.integers(1, 3)),
    )


def longer(line: Line, **change: object) -> Line:
    return Line(**{**vars(line), **change})


@given(lines(), DURATIONS)
def test_a_span_is_in_order_and_a_run_ends_after_it_starts(line: Line, measured: list[float]) -> None:
    starts, ends = play(line, {MODE: measured})
    for span in (starts, ends):
        assert 0 <= span.low <= span.median <= span.high
    assert ends.low > starts.low
    assert ends.median > starts.median
    assert ends.high > starts.high


@given(lines(), DURATIONS)
def test_whoever_comes_later_waits_longer(line: Line, measured: list[float]) -> None:
    sooner, _ = play(line, {MODE: measured})
    later, _ = play(longer(line, ahead=[*line.ahead, MODE]), {MODE: measured})
    assert later.low >= sooner.low
    assert later.median >= sooner.median
    assert later.high >= sooner.high


@given(lines(), DURATIONS)
def test_another_slot_never_makes_anybody_wait_longer(line: Line, measured: list[float]) -> None:
    few, _ = play(line, {MODE: measured})
    more, _ = play(longer(line, slots=line.slots + 1), {MODE: measured})
    assert more.high <= few.high
    assert more.median <= few.median


@given(DURATIONS, st.floats(0.1, 10.0))
def test_runs_that_take_longer_make_all_wait_longer_in_proportion(measured: list[float], by: float) -> None:
    line = Line(mode=MODE, slots=2, ahead=[MODE] * 5, waiting=1)
    usual, _ = play(line, {MODE: measured})
    slow, _ = play(line, {MODE: [by * one for one in measured]})
    assert slow.median == pytest.approx(by * usual.median)


@given(st.lists(SECONDS, min_size=2, max_size=30), st.floats(0.0, 2e5))
def test_a_run_never_has_more_left_than_the_longest_took_with_room_for_doubt(
    measured: list[float], elapsed: float
) -> None:
    line = Line(mode=MODE, slots=1, running=[Running(mode=MODE, elapsed=elapsed, own=True)])
    starts, ends = play(line, {MODE: measured})
    assert starts == Span(0.0, 0.0, 0.0)
    assert ends.high <= 4 * max(measured)


def test_runs_that_take_the_same_are_told_exactly_in_the_middle() -> None:
    line = Line(mode=MODE, slots=1, ahead=[MODE] * 3, waiting=1)
    starts, ends = play(line, {MODE: [60.0] * 400})
    assert (starts.median, ends.median) == (180.0, 240.0)
    assert 170 < starts.low < starts.high < 190


def test_a_free_slot_is_taken_at_once() -> None:
    busy = [Running(mode=MODE, elapsed=10.0)]
    starts, _ = play(Line(mode=MODE, slots=2, running=busy, waiting=1), {MODE: [60.0]})
    assert starts == Span(0.0, 0.0, 0.0)


def test_few_measurements_give_a_wide_answer() -> None:
    line = Line(mode=MODE, slots=1, ahead=[MODE], waiting=1)
    one, _ = play(line, {MODE: [60.0]})
    many, _ = play(line, {MODE: [60.0] * 100})
    assert one.high / one.low > 2 > many.high / many.low


def test_a_run_that_has_outlived_all_others_has_no_certain_end() -> None:
    line = Line(mode=MODE, slots=1, running=[Running(mode=MODE, elapsed=500.0)], waiting=1)
    starts, _ = play(line, {MODE: [60.0, 70.0]})
    assert starts.low < 15
    assert starts.high > 45


def test_each_run_ahead_takes_as_long_as_its_own_mode() -> None:
    durations = {MODE: [10.0] * 400, "full_scale_eval": [1000.0] * 400}
    starts, _ = play(Line(mode=MODE, slots=1, ahead=["full_scale_eval", MODE], waiting=1), durations)
    assert 950 < starts.median < 1080


def test_the_last_of_several_seeds_ends_it() -> None:
    durations = {MODE: [60.0] * 400}
    _, one = play(Line(mode=MODE, slots=1, waiting=1), durations)
    _, three = play(Line(mode=MODE, slots=1, waiting=3), durations)
    assert (one.median, three.median) == (60.0, 180.0)
