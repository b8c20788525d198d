"""diagnostics_health: the share of what was seen inside a model that is inside `diagnostics_thresholds`."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from evaluations.checklist.claim import number
from prism_site.policy.schemas.measurements import DiagnosticsThresholds
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.sides import Side

Look = Mapping[str, Any]
CHECKS = 4  # of one look: gradient noise, spike, collapse, not finite


def diagnostics_health(side: Side, thresholds: DiagnosticsThresholds) -> Measure:
    """Checks passed over checks made, over all looks of all seeds.

    A look that ended in an error, which the submitted code can bring about, fails all of its checks; a
    figure that was not measured is no check. There is none for `min_attention_diversity`: not every model
    attends.
    """
    checks = [passed for run in side.runs for passed in _checks(run.get("diagnostics") or [], thresholds)]
    if not checks:
        return missing(Unavailable.NO_DIAGNOSTICS)
    sources = {
        f"{side.name}.diagnostics.checks": float(len(checks)),
        f"{side.name}.diagnostics.passed": float(sum(checks)),
    }
    return Measure(value=sum(checks) / len(checks), sources=sources)


def _checks(looks: Sequence[Look], thresholds: DiagnosticsThresholds) -> list[bool]:
    seen = [look for look in looks if "error" not in look]
    largest = [value for look in seen if (value := number(look.get("activation_max"))) is not None]
    usual = statistics.median(largest) if largest else 0.0
    passed = [check for look in seen for check in _checks_of_one(look, thresholds, usual)]
    return passed + [False] * (CHECKS * (len(looks) - len(seen)))


def _checks_of_one(look: Look, thresholds: DiagnosticsThresholds, usual: float) -> list[bool]:
    """Whether each measured figure is at most its limit."""
    rows = (
        (number(look.get("gradient_noise")), thresholds.gradient_noise_max),
        (number(look.get("activation_max")), thresholds.activation_norm_spike_ratio * usual),
        (_collapse(look), thresholds.representation_collapse_max),
        (_nonfinite(look), 0.0),
    )
    return [value <= limit for value, limit in rows if value is not None]


def _collapse(look: Look) -> float | None:
    """Share of the directions of the last representation that carry nothing."""
    rank, directions = number(look.get("representation_rank")), number(look.get("representation_directions"))
    return None if rank is None or not directions else max(0.0, 1.0 - rank / directions)


def _nonfinite(look: Look) -> float | None:
    counts = [number(look.get(name)) for name in ("nonfinite_activations", "nonfinite_gradients")]
    found = [count for count in counts if count is not None]
    return sum(found) if len(found) == len(counts) else None
