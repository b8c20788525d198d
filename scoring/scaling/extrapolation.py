"""Whether the law foretells runs that it was not fitted to: what matters for a model not yet trained."""

from dataclasses import dataclass

import numpy as np

from scoring.scaling.fitting import fit
from scoring.scaling.observations import FEWEST, Observations

HELD_OUT_SHARE = 0.2  # of the points, those with the most compute


@dataclass(frozen=True)
class Extrapolation:
    """The law of the cheaper points, asked for the costlier ones."""

    fitted: int
    held_out: int
    times_compute: float  # the costliest point held out, over the costliest one that was fitted
    bias: float  # mean of ln foretold - ln observed; above zero: the real runs did better
    rms: float  # of the same differences
    worst: float


def extrapolate(observations: Observations, *, share: float = HELD_OUT_SHARE) -> Extrapolation | None:
    """Fit all but the `share` of points with the most compute and foretell these; None if too few are left.

    Points of one compute stay together: none of an isoFLOP line is fitted while its neighbours are foretold.
    """
    compute = observations.compute
    limit = np.quantile(compute, 1 - share)
    costly = compute >= limit * (1 - 1e-3)
    cheap = ~costly
    if cheap.sum() < FEWEST or not costly.any():
        return None
    law = fit(observations.take(cheap)).law
    held = observations.take(costly)
    errors = np.log(law.loss(held.parameters, held.tokens)) - np.log(held.losses)
    return Extrapolation(
        fitted=int(cheap.sum()),
        held_out=int(costly.sum()),
        times_compute=float(compute.max() / compute[cheap].max()),
        bias=float(errors.mean()),
        rms=float(np.sqrt(np.mean(errors**2))),
        worst=float(np.abs(errors).max()),
    )
