import math
from typing import get_args

import pytest

from evaluations.charts import (
    MOST_POINTS,
    Points,
    Scale,
    XAxis,
    Yardsticks,
    columns,
    figure,
    moving_traces,
    thinned,
)

POINTS = Points(
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


def trace(name: str, **view: str) -> dict[str, object]:
    drawn = figure(POINTS, YARDSTICKS, **view)  # type: ignore[arg-type]
    return next(entry for entry in drawn["data"] if entry["meta"] == name)


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
        ("seconds", [1.0, 2.5, 4.0]),
    ],
)
def test_every_axis_places_the_same_points(x: XAxis, places: list[float]) -> None:
    assert trace("curve", x=x)["x"] == places
    assert trace("curve", x=x)["y"] == [8.0, 6.0, 4.5]


@pytest.mark.parametrize("x", get_args(XAxis))
@pytest.mark.parametrize("scale", get_args(Scale))
def test_axes_have_titles_with_units_and_positive_places(x: XAxis, scale: Scale) -> None:
    layout = figure(POINTS, YARDSTICKS, x=x, x_scale=scale, y_scale=scale)["layout"]
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
    drawn = figure(Points(), Yardsticks())
    assert [entry["x"] for entry in drawn["data"]] == [[], [], [], [], []]


def test_zoom_survives_new_points_but_not_another_axis() -> None:
    before = figure(POINTS.since(1), YARDSTICKS)["layout"]["uirevision"]
    assert figure(POINTS, YARDSTICKS)["layout"]["uirevision"] == before
    assert figure(POINTS, YARDSTICKS, x="seconds")["layout"]["uirevision"] != before


def test_parts_join_to_the_whole() -> None:
    whole = [columns(entry) for entry in moving_traces(POINTS, x="bytes")]
    first = Points(**{name: column[:1] for name, column in vars(POINTS).items()})
    parts = [
        [columns(entry) for entry in moving_traces(part, x="bytes")] for part in (first, POINTS.since(0))
    ]
    for complete, head, tail in zip(whole, *parts, strict=True):
        for name, values in complete.items():
            assert [*head[name], *tail[name]] == values


def test_moving_traces_come_first_so_that_their_numbers_hold() -> None:
    drawn = figure(POINTS, YARDSTICKS)["data"]
    moving = [entry["meta"] for entry in moving_traces(POINTS, x="bytes")]
    assert [entry["meta"] for entry in drawn[: len(moving)]] == moving


def test_no_colour_is_fixed_here() -> None:
    assert "color" not in repr(figure(POINTS, YARDSTICKS))


def test_every_number_is_finite() -> None:
    for entry in figure(POINTS, YARDSTICKS)["data"]:
        assert all(map(math.isfinite, [*entry["x"], *entry["y"]]))


def test_a_long_curve_is_thinned_without_losing_its_ends_or_extremes() -> None:
    chunk_bpb = [3.0] * 20_000
    chunk_bpb[7_001] = 30.0
    kept = thinned(range(1, 20_001), chunk_bpb)
    assert len(kept) <= MOST_POINTS
    assert {0, 7_001, 19_999} <= set(kept)
    assert kept == sorted(set(kept))


def test_ppmd_finds_its_places_beside_a_thinned_curve() -> None:
    drawn = figure(POINTS.at([0, 2]), YARDSTICKS, x="tokens")["data"]
    ppmd = next(entry for entry in drawn if entry["meta"] == "ppmd")
    assert (ppmd["x"], ppmd["y"]) == ([50, 290], [6.0, 3.0])
