"""robustness_stability: a curve that falls without rising again."""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from scoring.components.component import Measure, Unavailable, missing
from scoring.components.sides import Side

FEWEST_CHUNKS = 4
NOISE_SIGMAS = 2.0
SIGMA_OF_MAD = 1.4826  # of a normal distribution
SECOND_DIFFERENCE = math.sqrt(1.5)  # standard deviation of x_k - (x_(k-1) + x_(k+1)) / 2 for noise of 1


def robustness_stability(side: Side) -> Measure:
    """1 - rises / descent of the smoothed curve, the mean over seeds."""
    curves = [run["curve"] for run in side.runs]
    if any(len(curve["bytes"]) < FEWEST_CHUNKS for curve in curves):
        return missing(Unavailable.SHORT_CURVE)
    found = [rises_and_descent(curve) for curve in curves]
    value = statistics.fmean(steadiness(rises, descent) for rises, descent in found)
    sources = {
        f"{side.name}.curve.rises": statistics.fmean(rises for rises, _ in found),
        f"{side.name}.curve.descent": statistics.fmean(descent for _, descent in found),
    }
    return Measure(value=value, sources=sources)


def steadiness(rises: float, descent: float) -> float:
    """1 where nothing rises; 0 where as much is lost as was won, or nothing was won."""
    return max(0.0, 1.0 - rises / descent) if descent > 0 else 0.0


def rises_and_descent(curve: dict[str, Any]) -> tuple[float, float]:
    """(what the smoothed curve rises beyond noise, its first value less its lowest), in bits per byte."""
    window = round(math.sqrt(len(curve["bytes"])))
    smooth = smoothed(curve["bytes"], curve["bits"], window)
    noise = step_noise(chunk_bpb(curve), window)
    rises = math.fsum(max(0.0, after - before - noise) for before, after in pairwise(smooth))
    return rises, smooth[0] - min(smooth)


def smoothed(ends: Sequence[float], bits: Sequence[float], window: int) -> list[float]:
    """Bits per byte of every `window` consecutive chunks, from cumulative bytes and bits."""
    ends, bits = [0, *ends], [0.0, *bits]
    return [(bits[k + window] - bits[k]) / (ends[k + window] - ends[k]) for k in range(len(ends) - window)]


def chunk_bpb(curve: dict[str, Any]) -> list[float]:
    """Bits per byte of each chunk."""
    ends, bits = [0, *curve["bytes"]], [0.0, *curve["bits"]]
    return [
        (b - a) / (end - start) for (a, b), (start, end) in zip(pairwise(bits), pairwise(ends), strict=True)
    ]


def step_noise(bpb: Sequence[float], window: int) -> float:
    """How far a step of the smoothed curve may rise by noise alone.

    A step exchanges one chunk of the window for another. The noise of a chunk is estimated from second
    differences, which a falling curve does not enter (Gasser, Sroka and Jennen-Steinmetz 1986).
    """
    bends = [abs(x - (before + after) / 2) for before, x, after in zip(bpb, bpb[1:], bpb[2:], strict=False)]
    sigma = SIGMA_OF_MAD * statistics.median(bends) / SECOND_DIFFERENCE
    return NOISE_SIGMAS * math.sqrt(2.0) * sigma / window
