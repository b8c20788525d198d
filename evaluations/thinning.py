"""Fewer points that look the same: the lowest and the highest of every stretch of the axis.

On a logarithmic axis stretches are equally long in the logarithm, so that every decade gets its share.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def thin(x: Floats, y: Floats, points: int, *, log: bool = False) -> Places:
    """Ascending indices of at most `points` (2 or more) places that keep extremes and both ends.

    `x` ascends and has shape (n,), as `y`, in which a value that is not finite is no extreme.
    """
    last = len(x) - 1
    if len(x) <= points:
        return np.arange(len(x))
    if points < 4:
        return np.array([0, last])
    known = np.isfinite(y)
    low, high = (y, y) if known.all() else (np.where(known, y, np.inf), np.where(known, y, -np.inf))
    kept = {0, last}
    for begin, end in pairwise([*stretches(x, (points - 2) // 2, log=log).tolist(), len(x)]):
        kept |= {begin + int(low[begin:end].argmin()), begin + int(high[begin:end].argmax())}
    return np.array(sorted(kept))


def stretches(x: Floats, points: int, *, log: bool = False) -> Places:
    """Where each of at most `points` equally long stretches of the axis begins that has a value at all."""
    if len(x) <= points:
        return np.arange(len(x))
    begins = np.unique(np.searchsorted(x, _edges(x, points, log=log)))
    return begins[begins < len(x)]


def _edges(x: Floats, points: int, *, log: bool) -> Floats:
    """Where stretches begin; the first takes what is not above zero, which a logarithmic axis lacks."""
    above = x[np.searchsorted(x, 0.0, side="right") :]
    if not log or not len(above):
        return np.linspace(x[0], x[-1], points, endpoint=False)
    edges = np.geomspace(above[0], x[-1], points, endpoint=False)
    edges[0] = x[0]
    return edges
