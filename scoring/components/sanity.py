"""benchmark_sanity: what training gained on the gold answers of benchmark packs over the untrained twin."""

import statistics
from collections.abc import Mapping
from typing import Any

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


def weighted_gain(packs: Mapping[str, Mapping[str, float]], weights: BenchmarkWeights) -> float | None:
    """Weighted mean of each pack's gain; None where no pack has weight."""
    every: dict[str, float] = weights.model_dump()
    shares = {name: share for name, share in every.items() if share > 0 and name in packs}
    if not shares:
        return None
    total = sum(shares.values())
    return sum(share / total * gain(packs[name]) for name, share in shares.items())


def gain(pack: Mapping[str, float]) -> float:
    """Share of the untrained twin's bits per byte that training saved, in [0, 1]."""
    if pack["bpb_init"] <= 0:
        return 0.0
    return min(1.0, max(0.0, 1.0 - pack["bpb"] / pack["bpb_init"]))


def _packs(run: Mapping[str, Any]) -> Mapping[str, Mapping[str, float]]:
    packs: Mapping[str, Mapping[str, float]] = (run.get("heldout") or {}).get("benchmarks") or {}
    return packs
