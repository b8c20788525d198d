"""How far each fitted number can be believed: a bootstrap over runs.

Whole runs are drawn with replacement (points of one run share its noise) and the law is fitted to each draw,
beginning from the full fit. Intervals are percentiles, so they are as skewed as the truth. Draws that give no
number are counted, not hidden: they are what an interval cannot say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from scoring.scaling.fitting import Fit, refit
from scoring.scaling.law import FLOPS_PER_PARAMETER_TOKEN, Law, LawHasNoOptimum, Optimum
from scoring.scaling.observations import Observations

DRAWS = 400
CONFIDENCE = 0.95
FEWEST_DRAWS = 20  # below, no percentile of them means anything


@dataclass(frozen=True)
class Interval:
    """A number with its bootstrap interval; `low` and `high` are None where too few draws gave one."""

    value: float
    low: float | None
    high: float | None
    confidence: float = CONFIDENCE

    def holds(self, other: float) -> bool:
        """Whether `other` lies within; nothing lies within an interval that is not known."""
        return self.low is not None and self.high is not None and self.low <= other <= self.high


@dataclass(frozen=True)
class OptimumInterval:
    """N*, D* and the loss there for one budget, with intervals, and the share of draws without an optimum."""

    compute: float
    parameters: Interval
    tokens: Interval
    loss: Interval
    without: float


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """The laws of the draws."""

    law: Law  # of all points
    laws: tuple[Law, ...]

    def of(self, number: Callable[[Law], float]) -> Interval:
        """`number` of the fitted law, with the interval that the draws give it."""
        drawn = [number(law) for law in self.laws]
        return _interval(number(self.law), drawn)

    def parameters(self) -> dict[str, Interval]:
        """E, A, B, alpha and beta, and a = beta / (alpha + beta), the exponent of N* over compute."""
        named = {name: self.of(attrgetter(name)) for name in self.law.as_json()}
        return {**named, "a": self.of(lambda law: law.beta / (law.alpha + law.beta))}

    def optimum(self, compute: float, *, flops_per: float = FLOPS_PER_PARAMETER_TOKEN) -> OptimumInterval:
        """The best use of `compute` FLOPs.

        Raises:
            LawHasNoOptimum: the law of all points has none.
        """
        best = self.law.optimum(compute, flops_per=flops_per)
        drawn = [found for law in self.laws if (found := _optimum(law, compute, flops_per)) is not None]
        return OptimumInterval(
            compute=compute,
            parameters=_interval(best.parameters, [one.parameters for one in drawn]),
            tokens=_interval(best.tokens, [one.tokens for one in drawn]),
            loss=_interval(best.loss, [one.loss for one in drawn]),
            without=1 - len(drawn) / len(self.laws) if self.laws else 1.0,
        )


def bootstrap(observations: Observations, fitted: Fit, *, draws: int = DRAWS, seed: int = 0) -> Bootstrap:
    """Fit `draws` resamples of the runs; the same seed gives the same intervals."""
    rng = np.random.default_rng(seed)
    runs = [np.flatnonzero(observations.run == run) for run in np.unique(observations.run)]
    laws = []
    for _ in range(draws):
        chosen = np.concatenate([runs[index] for index in rng.integers(0, len(runs), len(runs))])
        laws.append(refit(observations.take(chosen), fitted.law))
    return Bootstrap(fitted.law, tuple(laws))


def _optimum(law: Law, compute: float, flops_per: float) -> Optimum | None:
    try:
        return law.optimum(compute, flops_per=flops_per)
    except LawHasNoOptimum:
        return None


def _interval(value: float, drawn: Sequence[float]) -> Interval:
    finite = [number for number in drawn if np.isfinite(number)]
    if len(finite) < FEWEST_DRAWS:
        return Interval(value, None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(value, float(low), float(high))
