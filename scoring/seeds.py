"""One measurement out of a submission's runs, one per seed: means, and how far the seeds lie apart. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Bits per byte over all seeds."""

    bpb: float  # the mean
    bpb_se: (
        float  # standard error of the mean from sampling windows; draws of different seeds are independent
    )
    bpb_sd: float | None  # standard deviation of one seed's bpb (n - 1); null for one seed
    heldout_delta: float | None  # the mean; null where no run was measured
    heldout_gap: float | None  # the mean over runs that were shown text; null where none was
    anomaly: bool  # in any run
    seeds: tuple[int, ...]


def over_seeds(manifests: Sequence[Mapping[str, Any]]) -> Measured:
    """The measurement of validated manifests with the verdict `scored`, one per seed, at least one."""
    scores = [manifest["score"] for manifest in manifests]
    bpb = [float(score["bpb"]) for score in scores]
    heldouts = [manifest.get("heldout") or {} for manifest in manifests]
    return Measured(
        bpb=statistics.fmean(bpb),
        bpb_se=math.hypot(*(score["bpb_se"] or 0.0 for score in scores)) / len(scores),
        bpb_sd=statistics.stdev(bpb) if len(bpb) > 1 else None,
        heldout_delta=_mean([heldout.get("delta") for heldout in heldouts]),
        heldout_gap=_mean([heldout.get("gap") for heldout in heldouts]),
        anomaly=any(score["multiplier"] == 0 for score in scores),
        seeds=tuple(int(manifest["run"]["seed"]) for manifest in manifests),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    measured = [float(value) for value in values if value is not None]
    return statistics.fmean(measured) if measured else None
