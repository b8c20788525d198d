from pathlib import Path

from prism_site.staticfiles import PlotlyFinder


def test_plotly_is_found_under_its_one_name() -> None:
    found = PlotlyFinder().find("plotly/plotly.min.js")
    assert Path(found).read_bytes()[:40].count(b"plotly.js") == 1
    assert PlotlyFinder().find("plotly/plotly.min.js", find_all=True) == [found]


def test_nothing_else_of_the_wheel_is_served() -> None:
    for path in ("plotly/widgetbundle.js", "plotly/../__init__.py", "plotly.min.js", "plotly/datasets/"):
        assert PlotlyFinder().find(path) == []


def test_collecting_takes_the_one_file() -> None:
    ((name, storage),) = PlotlyFinder().list(None)
    assert storage.exists(name)
