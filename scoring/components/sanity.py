"""benchmark_sanity: what training gained on the gold answers of benchmark packs over the untrained twin."""

import statistics
from collections.abc import Mapping
from typing import Any

from evaluations.checklist.claim import number
from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.sides import Side


def benchmark_sanity(side: Side, weights: BenchmarkWeights) -> Measure:
    """Mean over seeds of the weighted gain, over the packs that were measured and have weight.

    Read from `heldout.benchmarks`: {pack: {bpb, bpb_init}} in bits per byte of gold answers.
    """
    found = [gain for run in side.runs if (gain := weighted_gain(_packs(run), weights)) is not None]
    if not found or len(found) < len(side.runs):
        return missing(Unavailable.NO_PACKS)
    value = statistics.fmean(found)
    return Measure(value=value, sources={f"{side.name}.heldout.benchmarks": value})


def weighted_gain(packs: Mapping[str, Mapping[str, Any]], weights: BenchmarkWeights) -> float | None:
    """Weighted mean of each pack's gain; None where no pack has weight."""
    every: dict[str, float] = weights.model_dump()
    gains = {name: found for name in every if (found := gain(packs.get(name) or {})) is not None}
    total = sum(every[name] for name in gains)
    return sum(every[name] / total * found for name, found in gains.items()) if total > 0 else None


def gain(pack: Mapping[str, Any]) -> float | None:
    """Share of the untrained twin's bits per byte that training saved, in [0, 1]; None where not measured."""
    trained, untrained = number(pack.get("bpb")), number(pack.get("bpb_init"))
    if trained is None or untrained is None:
        return None
    return min(1.0, max(0.0, 1.0 - trained / untrained)) if untrained > 0 else 0.0


def _packs(run: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    packs: Mapping[str, Mapping[str, Any]] = (run.get("heldout") or {}).get("benchmarks") or {}
    return packs
