"""What the looks inside a model found, figure by figure over the text, against the thresholds of policy.

Figures of the submitted code's own process: they are shown beside the score and never enter it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from evaluations.checklist.claim import State, count, items, number, places
from evaluations.views.drawing import Point, Trace, trace
from prism_site.policy.schemas.measurements import DiagnosticsThresholds

Look = Mapping[str, Any]
Read = Callable[[Look], float | None]
MOST_MODULES = 64


@dataclass(frozen=True, kw_only=True)
class Course:
    """One figure over the text: its drawing, its last value, and where it stops being healthy."""

    name: str
    help: str
    drawing: Trace | None
    last: str
    limit: str
    state: State


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Everything that the page shows of them."""

    courses: list[Course]
    modules: list[dict[str, str]]  # of the last look that found anything
    faults: list[tuple[int, str]]  # (bytes of text, code) of looks that failed


def looks(manifest: Mapping[str, Any], thresholds: DiagnosticsThresholds) -> Looks | None:
    """The looks of a run; None where there were none. Values of another type count as absent."""
    found = items(manifest.get("diagnostics"))
    if not found:
        return None
    seen = [look for look in found if "error" not in look]
    return Looks(
        courses=[_course(seen, *row) for row in _rows(seen, thresholds)] if seen else [],
        modules=[_module(one) for one in items(seen[-1].get("modules"))[:MOST_MODULES]] if seen else [],
        faults=[
            (count(look.get("stream_bytes")), str(look["error"])[:40]) for look in found if "error" in look
        ],
    )


def _rows(seen: list[Look], limits: DiagnosticsThresholds) -> list[tuple[str, str, Read, float | None]]:
    """(name, explanation, how to read it, where it stops being healthy)."""
    largest = [value for look in seen if (value := number(look.get("activation_max"))) is not None]
    spike = limits.activation_norm_spike_ratio * median(largest) if largest else None
    return [
        ("loss", "nats per token of the text just shown", _named("loss"), None),
        ("gradient norm", "of all parameters together", _named("gradient_norm"), None),
        (
            "gradient noise",
            "of one window's gradient, over its signal",
            _named("gradient_noise"),
            limits.gradient_noise_max,
        ),
        ("largest activation", "of any module", _named("activation_max"), spike),
        ("usual activation", "root of the mean square", _named("activation_rms"), None),
        (
            "collapse",
            "share of directions of the last representation that carry nothing",
            _collapse,
            limits.representation_collapse_max,
        ),
        ("dead units", "share of features that are always the same", _named("dead_units"), None),
        ("not finite", "activations and gradients that are NaN or infinite", _nonfinite, 0.0),
    ]


def _course(seen: list[Look], name: str, explanation: str, read: Read, limit: float | None) -> Course:
    points: list[Point] = [
        (count(look.get("stream_bytes")), value) for look in seen if (value := read(look)) is not None
    ]
    beyond = limit is not None and any(value > limit for _, value in points)
    return Course(
        name=name,
        help=explanation,
        drawing=trace(points, level=limit),
        last=places(points[-1][1]) if points else places(None),
        limit="" if limit is None else places(limit),
        state="unmeasured" if not points else "suspicious" if beyond else "holds",
    )


def _named(name: str) -> Read:
    return lambda look: number(look.get(name))


def _collapse(look: Look) -> float | None:
    rank, directions = number(look.get("representation_rank")), number(look.get("representation_directions"))
    return None if rank is None or not directions else max(0.0, 1 - rank / directions)


def _nonfinite(look: Look) -> float | None:
    counts = [number(look.get(name)) for name in ("nonfinite_activations", "nonfinite_gradients")]
    return None if None in counts else sum(value or 0.0 for value in counts)


def _module(found: Look) -> dict[str, str]:
    figures = ("gradient_norm", "activation_rms", "activation_max", "dead_units")
    return {"name": str(found.get("name", ""))[:100], **{name: places(found.get(name)) for name in figures}}
