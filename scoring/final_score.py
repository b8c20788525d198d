"""From bits per byte to the number that ranks: pure arithmetic over a run's measurements and the policy."""

import math
from dataclasses import dataclass

HELDOUT_DELTA_SCALE = 8.0  # bits per byte: the gain of a perfect model over a uniform one


class ScoreImpossible(Exception):
    """The measurements are not numbers that a score can be made of."""

    code = "score_impossible"


@dataclass(frozen=True, kw_only=True)
class ScoreTerms:
    """The policy's share in a score (`loss_comparability_policy`)."""

    heldout_epsilon_bpb: float
    memorization_gap_bpb: float
    memorization_penalty: float


@dataclass(frozen=True, kw_only=True)
class ScoreParts:
    """A score and the factors that it is made of."""

    effective_bpb: float
    multiplier: float
    penalty: float
    final_score: float


def effective_bpb(bpb: float, heldout_delta: float | None, epsilon: float) -> float:
    """`bpb` less at most `epsilon` bits per byte, so that held-out text orders near-ties and nothing else.

    `heldout_delta` is the gain in bits per byte over the same model untrained; None counts as no gain.
    """
    share = (heldout_delta or 0.0) / HELDOUT_DELTA_SCALE
    return bpb - epsilon * min(1.0, max(0.0, share))


def penalty(heldout_gap: float | None, terms: ScoreTerms) -> float:
    """The factor for text learned by heart: held-out bpb above train bpb by more than the policy's gap."""
    if heldout_gap is None or heldout_gap <= terms.memorization_gap_bpb:
        return 1.0
    return terms.memorization_penalty


def multiplier(*, anomaly: bool, lifted: bool = False) -> float:
    """0 for an integrity anomaly that no operator has lifted, else 1."""
    return 0.0 if anomaly and not lifted else 1.0


def final_score(
    bpb: float,
    *,
    heldout_delta: float | None,
    heldout_gap: float | None,
    multiplier: float,
    terms: ScoreTerms,
) -> ScoreParts:
    """`multiplier * penalty / (1 + effective_bpb)`; `ScoreImpossible` where there is no measurement."""
    numbers = (bpb, heldout_delta or 0.0, heldout_gap or 0.0)
    if bpb < 0 or not all(math.isfinite(number) for number in numbers):
        raise ScoreImpossible(f"bpb {bpb}, held-out delta {heldout_delta}, gap {heldout_gap}")
    effective = effective_bpb(bpb, heldout_delta, terms.heldout_epsilon_bpb)
    factor = penalty(heldout_gap, terms)
    return ScoreParts(
        effective_bpb=effective,
        multiplier=multiplier,
        penalty=factor,
        final_score=multiplier * factor / (1.0 + effective),
    )
