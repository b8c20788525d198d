import math
from typing import Any, get_args

import numpy as np
import pytest

from evaluations.charts import Yardsticks, columns, figure, moving_traces
from evaluations.look import MOST_POINTS, Look, Scale, widened
from evaluations.marks import MOST_MARKS, Clipped, clipped
from evaluations.points import NONE, AxisUnknown, Points, XAxis
from evaluations.smoothing import Smoothing

POINTS = Points.of(
    flops_per_token=2.0,
    index=[0, 1, 2],
    stream_bytes=[100, 300, 600],
    bits=[800.0, 1800.0, 2700.0],
    chunk_bytes=[100, 200, 300],
    chunk_bits=[800.0, 1000.0, 900.0],
    tokens=[50, 140, 290],
    seconds=[1.0, 2.5, 4.0],
    nonfinite=[0, 3, 0],
)
YARDSTICKS = Yardsticks(stream_bytes=[100, 300, 600, 1000], ppmd_bits=[600.0, 1200.0, 1800.0, 2500.0])


def trace(name: str, points: Points = POINTS, **look: Any) -> dict[str, Any]:
    drawn = figure(points, YARDSTICKS, Look(**look))["data"]
    return next(entry for entry in drawn if entry["meta"] == name)


def long_curve(chunks: int, **columns: Any) -> Points:
    """Every chunk of 10 bytes and 30 bits, but for what columns say."""
    whole = np.arange(1, chunks + 1)
    return Points.of(
        **{
            "stream_bytes": 10 * whole,
            "bits": 30.0 * whole,
            "chunk_bytes": np.full(chunks, 10),
            "chunk_bits": np.full(chunks, 30.0),
            "seconds": whole / 4,
            **columns,
        }
    )


def test_curve_is_total_bits_over_total_bytes() -> None:
    assert trace("curve")["y"] == [8.0, 6.0, 4.5]


def test_chunks_are_drawn_by_themselves() -> None:
    assert trace("chunk")["y"] == [8.0, 5.0, 3.0]


@pytest.mark.parametrize(
    ("x", "places"),
    [
        ("bytes", [100, 300, 600]),
        ("chunks", [1, 2, 3]),
        ("tokens", [50, 140, 290]),
        ("flops", [100, 280, 580]),
        ("seconds", [1.0, 2.5, 4.0]),
    ],
)
def test_every_axis_places_the_same_points(x: XAxis, places: list[float]) -> None:
    assert trace("curve", x=x)["x"] == places
    assert trace("curve", x=x)["y"] == [8.0, 6.0, 4.5]


@pytest.mark.parametrize("x", get_args(XAxis))
@pytest.mark.parametrize("scale", get_args(Scale))
def test_axes_have_titles_with_units_and_positive_places(x: XAxis, scale: Scale) -> None:
    layout = figure(POINTS, YARDSTICKS, Look(x=x, x_scale=scale, y_scale=scale))["layout"]
    assert layout["yaxis"]["title"]["text"] == "bits per byte"
    assert layout["xaxis"]["title"]["text"]
    assert layout["xaxis"]["type"] == layout["yaxis"]["type"] == scale
    assert all(place > 0 for place in POINTS.along(x))  # a log axis would drop anything else


def test_ppmd_reaches_to_the_end_of_the_text_where_its_places_are_known() -> None:
    assert trace("ppmd")["x"] == [100, 300, 600, 1000]
    assert trace("ppmd")["y"] == [6.0, 4.0, 3.0, 2.5]
    assert trace("ppmd", x="chunks")["x"] == [1, 2, 3, 4]


def test_ppmd_stays_behind_the_run_where_places_come_from_it() -> None:
    assert trace("ppmd", x="seconds")["x"] == [1.0, 2.5, 4.0]
    assert trace("ppmd", x="seconds")["y"] == [6.0, 4.0, 3.0]


def test_uniform_is_eight_bits_from_end_to_end() -> None:
    assert (trace("uniform")["x"], trace("uniform")["y"]) == ([100, 1000], [8.0, 8.0])


def test_spoiled_chunks_are_marked_and_counted() -> None:
    marked = trace("nonfinite")
    assert (marked["x"], marked["customdata"]) == ([300], [3])


def test_figure_without_points_is_empty_but_valid() -> None:
    drawn = figure(NONE, Yardsticks(), Look(x="flops"))
    assert [entry["x"] for entry in drawn["data"]] == [[]] * 7


def test_zoom_survives_new_points_but_not_another_axis() -> None:
    before = figure(POINTS.since(1), YARDSTICKS, Look())["layout"]["uirevision"]
    assert figure(POINTS, YARDSTICKS, Look())["layout"]["uirevision"] == before
    assert figure(POINTS, YARDSTICKS, Look(x="seconds"))["layout"]["uirevision"] != before


@pytest.mark.parametrize("smoothing", get_args(Smoothing))
def test_parts_join_to_the_whole(smoothing: Smoothing) -> None:
    look = Look(smoothing=smoothing, span=2)
    whole = [columns(entry) for entry in moving_traces(POINTS, look)]
    heads = [columns(entry) for entry in moving_traces(POINTS.cut(slice(1)), look)]
    tails = [columns(entry) for entry in moving_traces(POINTS, look, after=0)]
    for complete, head, tail in zip(whole, heads, tails, strict=True):
        for name, values in complete.items():
            assert [*head[name], *tail[name]] == values


def test_moving_traces_come_first_so_that_their_numbers_hold() -> None:
    drawn = figure(POINTS, YARDSTICKS, Look())["data"]
    moving = [entry["meta"] for entry in moving_traces(POINTS, Look())]
    assert [entry["meta"] for entry in drawn[: len(moving)]] == moving


def test_no_colour_is_fixed_here() -> None:
    assert "color" not in repr(figure(POINTS, YARDSTICKS, Look()))


def test_every_number_is_finite() -> None:
    for entry in figure(POINTS, YARDSTICKS, Look())["data"]:
        assert all(map(math.isfinite, [*entry["x"], *entry["y"]]))


def test_a_long_curve_is_thinned_without_losing_its_ends_or_extremes() -> None:
    chunk_bits = np.full(20_000, 30.0)
    chunk_bits[7_001] = 300.0
    drawn = trace("chunk", long_curve(20_000, chunk_bits=chunk_bits), x="chunks")
    assert len(drawn["x"]) <= MOST_POINTS
    assert {1, 7_002, 20_000} <= set(drawn["x"])
    assert drawn["x"] == sorted(set(drawn["x"]))


def test_a_window_is_drawn_in_full_with_a_neighbour_on_either_side() -> None:
    drawn = trace("chunk", long_curve(20_000), x="chunks", window=(500.5, 1_000.5))
    assert drawn["x"] == list(range(500, 1_002))


def test_ppmd_finds_its_places_beside_a_thinned_curve() -> None:
    ppmd = trace("ppmd", POINTS.cut(np.array([0, 2])), x="tokens")
    assert (ppmd["x"], ppmd["y"]) == ([50, 290], [6.0, 3.0])


def test_every_spoiled_position_is_counted_though_marks_are_few() -> None:
    spoiled = np.ones(5_000, dtype=np.int64)
    marks = trace("nonfinite", long_curve(5_000, nonfinite=spoiled))
    assert len(marks["x"]) <= MOST_MARKS
    assert sum(marks["customdata"]) == 5_000


def test_mean_is_bits_over_bytes_of_the_last_chunks() -> None:
    assert trace("smooth", smoothing="mean", span=2)["y"] == [8.0, 1800 / 300, 1900 / 500]


def test_exponential_mean_gives_the_newest_its_share() -> None:
    assert trace("smooth", smoothing="ema", span=3)["y"] == [8.0, 6.5, 4.75]


def test_smoother_line_is_drawn_over_the_raw_one() -> None:
    drawn = [entry["meta"] for entry in figure(POINTS, YARDSTICKS, Look(smoothing="ema"))["data"]]
    assert drawn.index("smooth") > drawn.index("chunk")


def test_a_chunk_without_text_is_a_gap() -> None:
    drawn = trace("chunk", long_curve(3, chunk_bytes=[10, 0, 10]))
    assert drawn["y"] == [3.0, None, 3.0]


def test_flops_are_unknown_without_a_count_of_the_manifest() -> None:
    with pytest.raises(AxisUnknown):
        long_curve(3).along("flops")


def test_values_beyond_what_is_shown_are_counted_and_marked_at_the_edge() -> None:
    look = Look(y_window=(4.0, 7.0))
    assert clipped(POINTS.along("bytes"), POINTS, look) == Clipped(above=2, below=1)
    above, below = (trace(name, y_window=(4.0, 7.0)) for name in ("above", "below"))
    assert (above["x"], above["y"], above["customdata"]) == ([100], [7.0], [2])  # both lines begin at 8
    assert (below["x"], below["y"], below["customdata"]) == ([600], [4.0], [1])
    assert trace("curve", y_window=(4.0, 7.0))["y"] == [8.0, 6.0, 4.5]  # and nothing is taken away


def test_nothing_is_beyond_where_all_of_it_is_shown() -> None:
    assert clipped(POINTS.along("bytes"), POINTS, Look()) == Clipped(0, 0)
    assert trace("above")["x"] == trace("below")["x"] == []
    assert not trace("above")["showlegend"]


def test_values_out_of_sight_are_not_counted_as_beyond_what_is_shown() -> None:
    look = Look(sight=(200.0, 400.0), window=(100.0, 500.0), y_window=(5.5, 5.8))
    assert clipped(POINTS.along("bytes"), POINTS, look) == Clipped(above=1, below=1)


def test_every_value_beyond_is_counted_though_marks_are_few() -> None:
    points = long_curve(5_000)
    marks = trace("above", points, y_window=(1.0, 2.0))
    assert len(marks["x"]) <= MOST_MARKS
    assert (
        sum(marks["customdata"])
        == 10_000
        == clipped(points.along("bytes"), points, Look(y_window=(1, 2))).above
    )


def test_a_value_that_is_no_number_is_not_beyond_anything() -> None:
    gap = long_curve(3, chunk_bytes=[10, 0, 10])
    assert clipped(gap.along("chunks"), gap, Look(x="chunks", y_window=(1.0, 2.0))) == Clipped(5, 0)


def test_more_is_drawn_than_is_seen_and_equally_far_on_a_log_axis() -> None:
    assert widened((10.0, 20.0), "linear") == (5.0, 25.0)
    assert widened((10.0, 1000.0), "log") == pytest.approx((1.0, 10_000.0))
    assert widened((0.0, 10.0), "log") == (-5.0, 15.0)


def test_a_small_curve_is_whole_wherever_the_reader_looks() -> None:
    assert trace("curve", x="chunks", window=(2.5, 2.6), sight=(2.5, 2.6))["x"] == [1, 2, 3]
