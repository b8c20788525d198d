"""A smoother line over the raw chunks: the code length of the last chunks, or an exponential average."""

from itertools import accumulate
from typing import Literal

import numpy as np

from evaluations.points import Floats, Points, ratio

Smoothing = Literal["none", "mean", "ema"]
MEMORY = 8  # spans; an exponential average has forgotten e^-16 of what lies further back


def smoothed(points: Points, kind: Smoothing, span: int) -> Floats:
    """Bits per byte of the chunks, shape (chunks,), smoothed over the last `span` of them.

    The mean is exact: bits over bytes of those chunks together. The exponential average has their weight.
    """
    return _mean(points, span) if kind == "mean" else _exponential(points.chunk_bpb, span)


def _mean(points: Points, span: int) -> Floats:
    return ratio(_last(points["chunk_bits"], span), _last(points["chunk_bytes"], span))


def _last(column: Floats, span: int) -> Floats:
    """Sums over the last `span` values, fewer at the start."""
    total = np.cumsum(column, dtype=np.float64)
    return total - np.concatenate((np.zeros(min(span, len(total))), total[:-span]))


def _exponential(values: Floats, span: int) -> Floats:
    """Weight 2 / (span + 1) for the newest: the mean age of what is averaged is that of `span` chunks."""
    share = 2 / (span + 1)
    line = accumulate(values.tolist(), lambda so_far, value: so_far + share * (value - so_far))
    return np.fromiter(line, np.float64, len(values))
