"""Fewer points that look the same: extremes first, then largest triangles (MinMaxLTTB of tsdownsample)."""

import numpy as np
import numpy.typing as npt
from tsdownsample import NaNMinMaxLTTBDownsampler

Floats = npt.NDArray[np.float64]


def thin(x: Floats, y: Floats, points: int) -> npt.NDArray[np.int64]:
    """Ascending indices of at most `points` (2 or more) places that keep extremes, gaps and both ends.

    `x` and `y` have shape (n,); a value that is not finite is a gap.
    """
    last = len(x) - 1
    if len(x) <= points:
        return np.arange(len(x))
    if points == 2:
        return np.array([0, last])
    gaps = np.where(np.isfinite(y), y, np.nan)
    chosen = NaNMinMaxLTTBDownsampler().downsample(x, gaps, n_out=points)  # type: ignore[no-untyped-call]
    inner = chosen[(chosen != 0) & (chosen != last)][: points - 2].astype(np.int64)
    return np.concatenate(([0], inner, [last]))
