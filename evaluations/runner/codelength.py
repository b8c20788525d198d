"""Bits per byte: the one place where log probabilities turn into a code length.

A predictor's claim log p (nats, float32) is mixed with the uniform distribution over the vocabulary,
`p' = (1 - u) p + u / V`, and costs `-log2 p'` bits (Shannon; arithmetic coding reaches it within two bits a
message). The sum over a stream that is predicted before it is trained on is its prequential code length
(Dawid 1984, "Present position and potential developments"; Blier and Ollivier 2018 for neural networks).
"""

import math

import numpy as np
import numpy.typing as npt

from evaluations.runner.constants import UNIFORM_SHARE

LOGP_SLACK_NATS = 1e-4  # float32 rounding may lift log p a hair above 0; more than this is no probability


def token_bits(logp: npt.NDArray[np.float32], vocab_size: int) -> npt.NDArray[np.float64]:
    """Bits of each position, same shape as `logp`; what is no probability is charged as p = 0."""
    claims = logp.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        p = np.where(is_probability(logp), np.exp(np.minimum(claims, 0.0)), 0.0)
    return -np.log2((1.0 - UNIFORM_SHARE) * p + UNIFORM_SHARE / vocab_size)


def is_probability(logp: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Where a claim is a log probability at all; minus infinity is one (p = 0)."""
    return np.asarray(~np.isnan(logp) & (logp <= LOGP_SLACK_NATS))


def first_token_bits(vocab_size: int) -> float:
    """Bits of the stream's very first token, which nothing precedes: coded uniformly."""
    return math.log2(vocab_size)


def bits_per_byte(bits: float, stream_bytes: int) -> float:
    """The score: total bits over total bytes of the same text."""
    return bits / stream_bytes
