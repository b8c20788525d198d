"""Fitting the law: Huber loss on log residuals, summed, by BFGS from a grid of starts.

The objective is that of Hoffmann et al. 2022, appendix D.2, with the mends of Besiroglu et al. 2024:
residuals ln L(N, D) - ln L_observed under a Huber loss of delta 1e-3, summed and not averaged (an average is
so small that the optimiser stops too early). Two changes leave the optimum where it is and make it found:
residuals are divided by delta, so that the objective is of the order of the number of points; and N and D are
centred in logs, so that a coefficient and its exponent do not trade places. Starts are a grid of exponents;
for each, the best E, A and B >= 0 are a linear problem (variable projection), solved exactly.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import minimize, nnls

from scoring.scaling.law import Law, Numbers
from scoring.scaling.observations import Observations

DELTA = 1e-3  # of ln L: beyond a thousandth a residual counts by its size, no longer by its square
EXPONENTS = (0.05, 0.15, 0.3, 0.5, 0.8, 1.3)  # of each term, where the search begins
SMALLEST_TERM = 1e-4  # of the lowest loss: where a start has a term at zero it begins at this
SAME_OBJECTIVE = 1e-3  # two ends whose objectives differ by less than this share explain the points equally
DESCENTS = 12  # from the best starts
STOPPING = {"maxiter": 500, "gtol": 1e-7}
STOPPING_NEAR = {"maxiter": 100, "gtol": 1e-5}  # of a refit, which begins beside its end


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted law, and how it was found."""

    law: Law
    objective: float  # sum of Huber(residual / delta)
    residuals: Numbers  # ln fitted - ln observed, shape (n,)
    ends: tuple[Law, ...]  # where other starts ended that explain the points as well
    starts: int

    @property
    def rms(self) -> float:
        """Root mean square of the log residuals: a typical relative error of the fit."""
        return float(np.sqrt(np.mean(self.residuals**2)))


def fit(observations: Observations, *, delta: float = DELTA) -> Fit:
    """The law with the least objective over all starts."""
    problem = _Problem(observations, delta)
    starts = sorted(problem.starts(), key=problem.value)[:DESCENTS]
    ends = sorted((problem.descend(start, STOPPING) for start in starts), key=lambda end: end[0])
    least, best = ends[0]
    equal = [theta for value, theta in ends[1:] if value <= least * (1 + SAME_OBJECTIVE)]
    return problem.as_fit(least, best, equal, starts=len(ends))


def refit(observations: Observations, near: Law, *, delta: float = DELTA) -> Law:
    """The law of points that resemble those of `near`: one descent from there."""
    problem = _Problem(observations, delta)
    _, theta = problem.descend(problem.theta(near), STOPPING_NEAR)
    return problem.law(theta)


class _Problem:
    """The objective over theta = (ln A', ln B', ln E, alpha, beta), where A' and B' are the terms at the
    geometric means of N and D."""

    def __init__(self, observations: Observations, delta: float) -> None:
        log_parameters, log_tokens = np.log(observations.parameters), np.log(observations.tokens)
        self.centre = float(log_parameters.mean()), float(log_tokens.mean())
        self.size = log_parameters - self.centre[0]
        self.text = log_tokens - self.centre[1]
        self.losses = observations.losses
        self.log_losses = np.log(observations.losses)
        self.delta = delta

    def starts(self) -> list[Numbers]:
        return [self._start(alpha, beta) for alpha, beta in product(EXPONENTS, EXPONENTS)]

    def value(self, theta: Numbers) -> float:
        return self._value_and_gradient(theta)[0]

    def descend(self, start: Numbers, stopping: dict[str, float]) -> tuple[float, Numbers]:
        """(objective, theta) where BFGS ends. It stops at the precision of numbers, which is no failure."""
        with np.errstate(over="ignore", invalid="ignore"):
            end = minimize(self._value_and_gradient, start, jac=True, method="BFGS", options=stopping)
        value = float(end.fun)
        return (value, end.x) if np.isfinite(value) and np.isfinite(end.x).all() else (np.inf, start)

    def law(self, theta: Numbers) -> Law:
        log_a, log_b, log_e, alpha, beta = (float(number) for number in theta)
        return Law(
            E=float(np.exp(log_e)),
            A=float(np.exp(log_a + alpha * self.centre[0])),
            B=float(np.exp(log_b + beta * self.centre[1])),
            alpha=alpha,
            beta=beta,
        )

    def theta(self, law: Law) -> Numbers:
        with np.errstate(divide="ignore"):
            logs = np.log([law.A, law.B, law.E])
        moved = logs - [law.alpha * self.centre[0], law.beta * self.centre[1], 0.0]
        return np.array([*np.maximum(moved, np.log(self._smallest())), law.alpha, law.beta])

    def as_fit(self, least: float, best: Numbers, equal: list[Numbers], *, starts: int) -> Fit:
        residuals = self._terms(best)[1] - self.log_losses
        return Fit(self.law(best), least, residuals, tuple(map(self.law, equal)), starts)

    def _start(self, alpha: float, beta: float) -> Numbers:
        columns = [np.exp(-alpha * self.size), np.exp(-beta * self.text), np.ones_like(self.size)]
        shares = np.stack(columns, axis=1) / self.losses[:, None]  # relative residuals, as in the objective
        coefficients, _ = nnls(shares, np.ones(len(shares)))
        return np.array([*np.log(np.maximum(coefficients, self._smallest())), alpha, beta])

    def _smallest(self) -> float:
        return SMALLEST_TERM * float(self.losses.min())

    def _value_and_gradient(self, theta: Numbers) -> tuple[float, Numbers]:
        terms, fitted = self._terms(theta)
        scaled = (fitted - self.log_losses) / self.delta
        clipped = np.clip(scaled, -1.0, 1.0)
        value = float(np.sum(clipped * scaled - 0.5 * clipped**2))
        pull = clipped / self.delta * np.exp(terms - fitted)  # d value / d terms, shape (3, n)
        return value, np.array([*pull.sum(axis=1), -pull[0] @ self.size, -pull[1] @ self.text])

    def _terms(self, theta: Numbers) -> tuple[Numbers, Numbers]:
        """Logs of the three terms, shape (3, n), and of their sum, shape (n,)."""
        log_a, log_b, log_e, alpha, beta = theta
        terms = np.stack(
            [log_a - alpha * self.size, log_b - beta * self.text, np.full_like(self.size, log_e)]
        )
        largest = terms.max(axis=0)
        return terms, largest + np.log(np.exp(terms - largest).sum(axis=0))
