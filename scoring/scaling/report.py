"""A law with everything that is known about it, from one call."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scoring.scaling.doubts import Doubt, doubts, optimum_doubts
from scoring.scaling.extrapolation import Extrapolation, extrapolate
from scoring.scaling.fitting import Fit, fit
from scoring.scaling.intervals import DRAWS, Bootstrap, Interval, OptimumInterval, bootstrap
from scoring.scaling.law import FLOPS_PER_PARAMETER_TOKEN, LawHasNoOptimum
from scoring.scaling.observations import Observations


@dataclass(frozen=True, eq=False)
class Recommendation:
    """What a law says about one budget, and why it may be wrong; `optimum` is None where it has none."""

    compute: float
    optimum: OptimumInterval | None
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, eq=False)
class LawReport:
    """A fitted law, its intervals, its error on held-out runs, what it recommends and why to doubt it."""

    observations: Observations
    fit: Fit
    drawn: Bootstrap
    parameters: dict[str, Interval]
    extrapolation: Extrapolation | None
    recommendations: tuple[Recommendation, ...]
    doubts: tuple[Doubt, ...]

    def as_json(self) -> dict[str, Any]:
        """All of it but the points and the draws."""
        return {
            "form": "L(N, D) = E + A / N^alpha + B / D^beta",
            "points": len(self.observations),
            "runs": len(set(self.observations.run.tolist())),
            "parameters": {name: asdict(interval) for name, interval in self.parameters.items()},
            "residual_rms": self.fit.rms,
            "extrapolation": asdict(self.extrapolation) if self.extrapolation else None,
            "recommendations": [
                {
                    "compute": one.compute,
                    "optimum": asdict(one.optimum) if one.optimum else None,
                    "doubts": [asdict(doubt) for doubt in one.doubts],
                }
                for one in self.recommendations
            ],
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }


def law_report(
    observations: Observations,
    *,
    budgets: Sequence[float] = (),
    flops_per: float = FLOPS_PER_PARAMETER_TOKEN,
    draws: int = DRAWS,
) -> LawReport:
    """Fit, resample, hold out and doubt; for each of `budgets`, in FLOPs, recommend a size and a text."""
    fitted = fit(observations)
    drawn = bootstrap(observations, fitted, draws=draws)
    return LawReport(
        observations=observations,
        fit=fitted,
        drawn=drawn,
        parameters=drawn.parameters(),
        extrapolation=extrapolate(observations),
        recommendations=tuple(recommend(observations, drawn, compute, flops_per) for compute in budgets),
        doubts=tuple(doubts(observations, fitted, drawn)),
    )


def recommend(
    observations: Observations, drawn: Bootstrap, compute: float, flops_per: float
) -> Recommendation:
    """The best use of `compute` FLOPs under the law and its draws."""
    try:
        found = drawn.optimum(compute, flops_per=flops_per)
    except LawHasNoOptimum as error:
        return Recommendation(compute, None, (Doubt("no_optimum", 1.0, f"the law has no optimum: {error}"),))
    return Recommendation(compute, found, tuple(optimum_doubts(observations, found)))
