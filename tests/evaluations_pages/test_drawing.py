import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.views.drawing import SPARSE_INDEXES, byte_label, byte_ticks, plot, sparkline

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def places(path: str) -> list[tuple[float, float]]:
    numbers = [float(found) for found in NUMBER.findall(path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_sparkline_runs_left_to_right_and_falls() -> None:
    drawn = sparkline([(100, 8.0), (1000, 5.0), (10_000, 2.0)])
    assert drawn is not None
    assert places(drawn.path) == [(3, 3), (60, 14), (117, 25)]
    assert (drawn.tip_x, drawn.tip_y) == (117, 25)


@pytest.mark.parametrize("points", [[], [(100, 8.0)], [(0, 8.0), (100, 8.0)], [(1, math.nan), (2, 3.0)]])
def test_nothing_is_drawn_with_fewer_than_two_points(points: list[tuple[float, float]]) -> None:
    assert sparkline(points) is None
    assert plot(points, []) is None


points = st.lists(st.tuples(st.integers(1, 10**13), st.floats(0.01, 40)), min_size=2, max_size=60)


@given(points)
def test_sparkline_stays_in_its_box(values: list[tuple[float, float]]) -> None:
    drawn = sparkline(sorted(values))
    assert drawn is not None
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in places(drawn.path))


@given(points, points)
def test_plot_stays_in_its_frame(curve: list[tuple[float, float]], ppmd: list[tuple[float, float]]) -> None:
    drawn = plot(sorted(curve), sorted(ppmd))
    assert drawn is not None
    ticks = [tick.place for tick in drawn.x_ticks]
    assert all(drawn.frame.left - 0.01 <= place <= drawn.right + 0.01 for place in ticks)
    for _, y in places(drawn.curve) + places(drawn.ppmd):
        assert y <= drawn.bottom + 0.01


def test_round_numbers_label_the_axis() -> None:
    assert [label for _, label in byte_ticks(4096, 524_288)] == [
        "5 kB",
        "10 kB",
        "20 kB",
        "50 kB",
        "100 kB",
        "200 kB",
        "500 kB",
    ]
    assert len(byte_ticks(4096, 2 * 10**9)) <= 8


def test_byte_labels_use_si_prefixes() -> None:
    assert [byte_label(n) for n in (0, 999, 524_288, 2_000_000, 2 * 10**9)] == [
        "0 B",
        "999 B",
        "524 kB",
        "2 MB",
        "2 GB",
    ]


def test_small_drawings_sample_the_whole_of_the_longest_run() -> None:
    assert SPARSE_INDEXES[:3] == (0, 1, 2)
    assert SPARSE_INDEXES[-1] > 17_000
    assert len(SPARSE_INDEXES) <= 95
