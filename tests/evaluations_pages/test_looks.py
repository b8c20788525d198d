"""What the looks inside a model found, as the page and the API show it."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from evaluations.api.answers import LookRow
from evaluations.views.drawing import trace
from evaluations.views.looks import Course, looks
from prism_site.policy.schemas.measurements import DiagnosticsThresholds

THRESHOLDS = DiagnosticsThresholds()


def look(stream_bytes: int, **changes: Any) -> dict[str, Any]:
    return {
        "stream_bytes": stream_bytes,
        "loss": 3.0,
        "gradient_norm": 0.5,
        "gradient_noise": 4.0,
        "activation_rms": 1.0,
        "activation_max": 5.0,
        "representation_rank": 60.0,
        "representation_directions": 64,
        "dead_units": 0.0,
        "nonfinite_activations": 0,
        "nonfinite_gradients": 0,
        "modules": [{"name": "embed", "gradient_norm": 0.1, "activation_rms": 1, "dead_units": None}],
        **changes,
    }


def courses(*found: dict[str, Any]) -> dict[str, Course]:
    made = looks({"diagnostics": list(found)}, THRESHOLDS)
    assert made is not None
    return {course.name: course for course in made.courses}


def test_a_healthy_run_keeps_below_every_threshold() -> None:
    shown = courses(look(1_000), look(2_000), look(3_000))
    assert {course.state for course in shown.values()} == {"holds"}
    assert (shown["gradient noise"].limit, shown["gradient noise"].last) == ("10.000", "4.000")
    assert shown["collapse"].last == "0.062"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"gradient_noise": 10.5}, "gradient noise"),
        ({"activation_max": 15.5}, "largest activation"),
        ({"representation_rank": 1.5}, "collapse"),
        ({"nonfinite_gradients": 1}, "not finite"),
    ],
)
def test_one_look_beyond_a_threshold_of_policy_is_marked(change: dict[str, Any], name: str) -> None:
    shown = courses(look(1_000), look(2_000, **change), look(3_000))
    assert [course.name for course in shown.values() if course.state == "suspicious"] == [name]


def test_a_figure_that_was_never_taken_is_not_measured() -> None:
    shown = courses(look(1_000, gradient_noise=None), look(2_000, gradient_noise="many"))
    assert (shown["gradient noise"].state, shown["gradient noise"].drawing) == ("unmeasured", None)


def test_looks_that_failed_are_named_and_hide_none_of_the_others() -> None:
    made = looks({"diagnostics": [{"stream_bytes": 5_000, "error": "raised"}, look(9_000)]}, THRESHOLDS)
    assert made is not None
    assert made.faults == [(5_000, "raised")]
    assert made.courses
    only = looks({"diagnostics": [{"stream_bytes": 5_000, "error": "raised"}]}, THRESHOLDS)
    assert only is not None
    assert (only.courses, only.modules) == ([], [])


def test_a_run_without_looks_shows_none() -> None:
    assert looks({"diagnostics": []}, THRESHOLDS) is None
    assert looks({"diagnostics": "none"}, THRESHOLDS) is None


def test_the_level_lies_within_the_drawing() -> None:
    drawn = trace([(1_000, 1.0), (8_000, 2.0)], level=10.0)
    assert drawn is not None
    assert drawn.level_y == 3.0
    assert drawn.path.startswith("M3.0 25.0L")
    assert trace([(1_000, 1.0)]) is None


def test_the_table_shows_figures_levels_and_modules_and_trusts_no_name() -> None:
    evil = look(2_000, modules=[{"name": "<script>"}])
    made = looks({"diagnostics": [look(1_000), evil, {"stream_bytes": 3_000, "error": "<b>"}]}, THRESHOLDS)
    page = render_to_string("submission/diagnostics.html", {"looks": made})
    assert page.count('class="level"') == 4
    assert "gradient noise" in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_the_api_gives_every_figure_or_the_fault() -> None:
    assert LookRow.of(look(1_000)).gradient_norm == 0.5
    fault = LookRow.of({"stream_bytes": 7, "error": "timeout", "loss": "x"})
    assert (fault.stream_bytes, fault.error, fault.loss) == (7, "timeout", None)
