"""Windows of a chunk's tokens, the secret share of them that is scored, and the estimate that follows.

A window holds `sequence_length` tokens and shares one with the next, so that every token but the stream's
first is predicted exactly once. With a share below 1 the full windows of a chunk are a simple random sample
without replacement, the short last window is always scored, and the total is the usual unbiased expansion
estimate (Cochran 1977, Sampling Techniques, ch. 2).
"""

import hashlib
import hmac
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluations.runner.constants import (
    MIN_SAMPLED_WINDOWS,
    SCORING_BATCH_FLOATS,
    SCORING_BATCH_ROWS,
)

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ScoringPlan:
    """What a predictor is asked for one chunk: batches of equal windows, in secret order."""

    batches: tuple[Tokens, ...]  # each (rows, window tokens)
    seeds: tuple[int, ...]  # of the random state before each batch's forward
    full_windows: int  # n, in the chunk
    sampled_windows: int  # m, of the full ones; the short last window is one more row where there is one

    @property
    def positions(self) -> int:
        """How many log probabilities the answer holds."""
        return sum(batch.shape[0] * (batch.shape[1] - 1) for batch in self.batches)


@dataclass(frozen=True)
class Estimate:
    """Bits of a whole chunk and the variance (bits squared) that sampling its windows added."""

    bits: float
    variance: float


def secret_rng(secret: bytes, purpose: str) -> np.random.Generator:
    """Draws that the holder of `secret` can repeat and nobody else can foresee."""
    digest = hmac.new(secret, purpose.encode(), hashlib.sha256).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def plan(
    context: Tokens,
    tokens: Tokens,
    *,
    length: int,
    fraction: float,
    vocab_size: int,
    rng: np.random.Generator,
) -> ScoringPlan:
    """Cut `tokens` (1-D) into windows of `length` after the 0 or 1 tokens of `context`, and draw a share."""
    line = np.concatenate([context, tokens])
    stride = length - 1
    full = max(0, (len(line) - 1) // stride)
    windows_NxT = np.stack([line[i * stride : i * stride + length] for i in range(full)]) if full else None
    drawn = rng.permutation(full)[: sample_size(full, fraction)]
    batches = [] if windows_NxT is None else _batches(windows_NxT[drawn], vocab_size)
    tail = line[full * stride :]
    if len(tail) > 1:
        batches.append(tail[None, :])
    seeds = tuple(int(seed) for seed in rng.integers(2**31, size=len(batches)))
    return ScoringPlan(tuple(batches), seeds, full, len(drawn))


def expected_windows(chunk_tokens: int, length: int, fraction: float) -> int:
    """About how many windows of a chunk of so many tokens are scored."""
    return sample_size(chunk_tokens // (length - 1), fraction) + 1


def sample_size(full_windows: int, fraction: float) -> int:
    """How many of a chunk's full windows are scored."""
    if fraction >= 1.0:
        return full_windows
    return min(full_windows, max(MIN_SAMPLED_WINDOWS, math.ceil(fraction * full_windows)))


def estimate(plan: ScoringPlan, bits: npt.NDArray[np.float64]) -> Estimate:
    """Bits of the whole chunk from the bits (1-D, in plan order) of the scored positions."""
    m, n = plan.sampled_windows, plan.full_windows
    width = plan.batches[0].shape[1] - 1 if m else 0
    per_window = bits[: m * width].reshape(m, width).sum(axis=1) if m else np.zeros(0)
    tail_bits = float(bits[m * width :].sum())
    if m == n:
        return Estimate(float(per_window.sum()) + tail_bits, 0.0)
    variance = n * n * (1.0 - m / n) * float(per_window.var(ddof=1)) / m
    return Estimate(n * float(per_window.mean()) + tail_bits, variance)


def _batches(windows_NxT: Tokens, vocab_size: int) -> list[Tokens]:
    fitting = SCORING_BATCH_FLOATS // (windows_NxT.shape[1] * vocab_size)
    rows = max(1, min(SCORING_BATCH_ROWS, fitting))
    return [windows_NxT[i : i + rows] for i in range(0, len(windows_NxT), rows)]
