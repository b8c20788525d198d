"""The pictures of a comparison as Plotly figures: curves over each other, and gains over the first."""

import html
from typing import Any

from evaluations import charts
from evaluations.charts import Yardsticks
from evaluations.look import Look
from evaluations.points import NONE, Points
from scoring.compared import Compared, Contestant

Figure = dict[str, Any]
# Lines are told apart by colour, by dash and by mark, so that no one of these is needed.
COLOURS = 6
DASHES = ("solid", "dot")
MARKS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "star", "pentagon")
MOST_MARKS = 10  # on a line
NAME_CHARS = 24


def curves(lines: list[tuple[Contestant, Points]], yardsticks: Yardsticks, look: Look) -> Figure:
    """Bits per byte so far of every submission, over the reference lines of the first."""
    longest = max((points for _, points in lines), key=len, default=NONE)
    drawn = [_curve(contestant, points, look) for contestant, points in lines]
    return {
        "data": [*drawn, *charts.reference_traces(longest, yardsticks, look)],
        "layout": charts.layout(look),
    }


def gains(compared: Compared) -> Figure:
    """The gain over the first so far, with a band of as many standard errors as policy asks for."""
    tested = [each for each in compared.contestants if each.difference and each.difference.along]
    z = compared.thresholds.z_score
    traces = [trace for each in tested for trace in _gain(each, z)]
    ends = [end.stream_bytes for each in tested if each.difference for end in each.difference.along]
    edges = [min(ends), max(ends)] if ends else []
    level = compared.required_bpb
    levels = [_level("no gain", 0.0, edges, "solid")]
    if level is not None:
        levels.append(_level("what a gain has to exceed", level, edges, "dash"))
    layout = charts.layout(Look())
    layout["yaxis"]["title"]["text"] = "gain over 1 (bits per byte)"
    return {"data": [*traces, *levels], "layout": layout}


def _curve(contestant: Contestant, points: Points, look: Look) -> dict[str, Any]:
    along, bpb = points.along(look.x), points.bpb
    kept = charts.kept_of(along, bpb, look)
    return {
        **_line(contestant),
        "name": _name(contestant),
        "x": along[kept].tolist(),
        "y": charts.plain(bpb[kept]),
        "hovertemplate": "%{y:.6f}",
    }


def _gain(contestant: Contestant, z: float) -> list[dict[str, Any]]:
    assert contestant.difference is not None
    along = contestant.difference.along
    x = [end.stream_bytes for end in along]
    edge = {"type": "scatter", "mode": "lines", "x": x, "showlegend": False, "hoverinfo": "skip"}
    edge |= {"meta": f"series-{_colour(contestant)}", "legendgroup": str(contestant.number)}
    return [
        {**edge, "line": {"width": 0}, "y": [end.gain - z * end.se for end in along]},
        {**edge, "line": {"width": 0}, "fill": "tonexty", "y": [end.gain + z * end.se for end in along]},
        {
            **_line(contestant),
            "legendgroup": str(contestant.number),
            "name": _name(contestant),
            "x": x,
            "y": [end.gain for end in along],
            "customdata": [z * end.se for end in along],
            "hovertemplate": "%{y:.5f} ± %{customdata:.5f}",
        },
    ]


def _line(contestant: Contestant) -> dict[str, Any]:
    place = contestant.number - 1
    return {
        "meta": f"series-{_colour(contestant)}",
        "type": "scatter",
        "mode": "lines+markers",
        "line": {"width": 2, "dash": DASHES[place // COLOURS % len(DASHES)]},
        "marker": {"size": 7, "symbol": MARKS[place % len(MARKS)], "maxdisplayed": MOST_MARKS},
    }


def _name(contestant: Contestant) -> str:
    """Plotly reads some HTML in names, links too, and miners choose names."""
    return f"{contestant.number} · {html.escape(shortened(contestant.name), quote=False)}"


def shortened(name: str) -> str:
    """A name that leaves room for others in a legend."""
    return name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1]}…"


def _colour(contestant: Contestant) -> int:
    return (contestant.number - 1) % COLOURS + 1


def _level(name: str, value: float, edges: list[int], dash: str) -> dict[str, Any]:
    return {
        "meta": "uniform",
        "name": name,
        "type": "scatter",
        "mode": "lines",
        "line": {"width": 1.5, "dash": dash},
        "x": edges,
        "y": [value] * len(edges),
        "hovertemplate": "%{y:.5f}",
    }
