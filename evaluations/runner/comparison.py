"""Comparing what the scorer claimed with what the auditor, who saw no future, finds. Pure."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner.codelength import is_probability, token_bits
from evaluations.runner.splicing import Spliced

Floats = npt.NDArray[np.float32]

CAUSALITY, DISTRIBUTION, MISMATCH = "causality_violation", "not_a_distribution", "audit_mismatch"
MASS_TOLERANCE = 1e-4  # of the log-sum-exp of a distribution, in nats
MAX_Z = 6.0  # and as many standard errors of a lift of all claims
MIN_BOUNDARIES = 16  # for the z-test to mean anything
KEPT_VIOLATIONS = 20
TINY = 1e-12  # a probability far below what the uniform share of the coder adds
LIFT_SHARE = 0.05  # of the tolerance: rounding has no direction, so less than this may remain on average
ROUNDING_BITS = 1e-6  # a standard error below this is none: the model says the same everywhere


@dataclass
class Findings:
    """All audits of a run so far."""

    vocab_size: int
    tolerance_nats: float
    windows: int = 0
    positions: int = 0
    max_difference: float = 0.0
    boundaries: list[tuple[float, float]] = field(default_factory=list)  # (weight, bits), uniform ones only
    lifts: list[float] = field(default_factory=list)  # nats claimed above what was found, at every boundary
    violations: list[dict[str, Any]] = field(default_factory=list)

    def compare(
        self,
        where: dict[str, Any],
        splice: Spliced,
        tokens: npt.NDArray[np.int32],
        claims: Floats,
        audited: Floats,
        distribution: Floats,
        weight: float,
    ) -> None:
        """Enter one spliced row: `tokens` (T,) are the real ones, `claims` and `audited` (T-1,) log p."""
        boundary = splice.boundary
        self.windows += 1
        self.positions += boundary
        found = np.append(audited[: boundary - 1], distribution[tokens[boundary]])
        claimed = claims[:boundary]
        difference = _differences(claimed, found)
        worst = int(difference.argmax())
        self.max_difference = max(self.max_difference, _finite(float(difference[worst])))
        if difference[worst] > self.tolerance_nats:
            self._violate(CAUSALITY, where, worst + 1, claimed[worst], found[worst])
        if difference[-1] <= self.tolerance_nats and min(claimed[-1], found[-1]) > math.log(TINY):
            self.lifts.append(float(claimed[-1]) - float(found[-1]))
        with np.errstate(invalid="ignore"):
            mass = float(np.logaddexp.reduce(distribution.astype(np.float64)))
        if is_probability(claimed[-1:])[0] and not abs(mass) <= MASS_TOLERANCE:
            self._violate(DISTRIBUTION, where, boundary, 0.0, mass)
        if splice.uniform:
            self.boundaries.append((weight, float(token_bits(found[-1:], self.vocab_size)[0])))

    def estimate(self) -> tuple[float, float] | None:
        """Mean bits per token at the uniformly drawn boundaries, and its standard error."""
        if len(self.boundaries) < 2:
            return None
        weight, bits = np.array(self.boundaries).T
        mean = float((weight * bits).sum() / weight.sum())
        error = math.sqrt(float(((weight * (bits - mean)) ** 2).sum())) / float(weight.sum())
        return mean, error

    def z(self, claimed_bits_per_token: float) -> float | None:
        """How many standard errors the boundaries cost more than the scorer claims for all positions."""
        found = self.estimate()
        if found is None or len(self.boundaries) < MIN_BOUNDARIES or found[1] < ROUNDING_BITS:
            return None
        return (found[0] - claimed_bits_per_token) / found[1]

    def lift(self) -> float | None:
        """Mean nats by which claims are above what was found, where more than rounding; None where not.

        Claims that all use up a part of the tolerance would differ nowhere, and gain everywhere.
        """
        if len(self.lifts) < MIN_BOUNDARIES:
            return None
        lifts = np.array(self.lifts)
        error = float(lifts.std(ddof=1)) / math.sqrt(len(lifts))
        mean = float(lifts.mean())
        return mean if mean > MAX_Z * error + LIFT_SHARE * self.tolerance_nats else None

    def _violate(
        self, code: str, where: dict[str, Any], position: int, claimed: float, audited: float
    ) -> None:
        if len(self.violations) < KEPT_VIOLATIONS:
            numbers = {"claimed": _finite(float(claimed)), "audited": _finite(float(audited))}
            difference = abs(numbers["claimed"] - numbers["audited"])
            self.violations.append(
                {"code": code, **where, "position": position, **numbers, "difference": difference}
            )


def _differences(claimed: Floats, found: Floats) -> npt.NDArray[np.float64]:
    """Absolute differences in nats; a claim that is no probability is charged in full and gains nothing."""
    one, other = np.exp(np.minimum(claimed, 0.0)), np.exp(np.minimum(found, 0.0))
    both_tiny = (one < TINY) & (other < TINY)  # minus infinity and minus a hundred are charged alike
    with np.errstate(invalid="ignore"):
        difference = np.abs(claimed.astype(np.float64) - found.astype(np.float64))
    difference[~is_probability(found) | np.isnan(difference)] = np.inf
    difference[~is_probability(claimed) | both_tiny] = 0.0
    return difference


def _finite(value: float) -> float:
    """JSON has no infinity; nothing real is near this."""
    return max(-1e9, min(1e9, value)) if not math.isnan(value) else 1e9
