"""Whether one submission is better than another on the same text, beyond the noise of both: pure.

Both were coded chunk by chunk on the same bytes, so noise is estimated from the paired differences
d_k = bits_k(best) - bits_k(candidate), k = 1..n, which share what is hard about a chunk.

The mean is delta = sum d_k / bytes, what the score itself changed by. Its standard error is that of a
moving-block bootstrap (Künsch 1989, The jackknife and the bootstrap for general stationary observations)
with blocks of round(sqrt(n)) chunks, which keep the dependence of neighbours. The blocks move around a circle
(Politis and Romano 1992, A circular block-resampling procedure), so that the first chunks, where runs differ
most, are in as many blocks as the others. What is resampled is the gain relative to the code length of the
best, rho = sum d_k / sum bits_k(best): code lengths fall over a run, and a gain of 1 % everywhere has no
noise although its bits differ from chunk to chunk. For such a ratio the variance over infinitely many
resamples has a closed form, so no random number enters a decision.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Any

from prism_site.policy.schemas.scores import ImprovementThresholds

Manifest = Mapping[str, Any]

FEWEST_CHUNKS = 4  # two blocks of two
LEAST_SE_BPB = 1e-9  # differences without any spread: a z must stay a number
NEAR_SHARE = 0.5  # of the required delta
NEAR_Z = 1.0


class RunsNotComparable(Exception):
    """The runs share no seed, or were not coded on the same chunks of the same text."""

    code = "runs_not_comparable"


class TooFewChunks(Exception):
    """The noise of so short a run cannot be estimated."""

    code = "too_few_chunks"


class Verdict(StrEnum):
    """Whether a candidate is better."""

    BETTER = "better"  # all three thresholds are exceeded
    NEAR = "near"  # not all, but none is missed by much
    NOT = "not"


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Chunk-wise difference of two runs under one seed, in bits per byte; > 0: the candidate is better."""

    seed: int
    delta: float
    se: float
    best_bpb: float
    chunks: int
    block_length: int


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """How much better a candidate is than the best: means over the seeds that both were run under."""

    mean_bpb: float
    se: float  # of chunks and, with several seeds, of seeds
    relative: float  # mean_bpb over the best's bits per byte
    z: float  # mean_bpb over se
    verdict: Verdict
    required_bpb: float  # what the mean has to exceed
    required_z: float
    seeds: tuple[Paired, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything that led to the verdict, as evidence."""
        return asdict(self) | {"verdict": self.verdict.value}


def improvement(
    best: Sequence[Manifest],
    candidate: Sequence[Manifest],
    thresholds: ImprovementThresholds,
    *,
    seed_sd_bpb: float = 0.0,
) -> Improvement:
    """Compare the scored manifests of two submissions, one per seed.

    `seed_sd_bpb` is the spread of one model's runs over seeds, where it is known from other runs of the mode:
    a model that learns worse throughout under one seed is worse on every chunk, and no single pair shows it.
    Raises `RunsNotComparable` and `TooFewChunks`.
    """
    pairs = [paired(*runs) for runs in _by_seed(best, candidate)]
    mean = statistics.fmean(pair.delta for pair in pairs)
    best_bpb = statistics.fmean(pair.best_bpb for pair in pairs)
    known_se = seed_sd_bpb * math.sqrt(2 / len(pairs))
    se = max(LEAST_SE_BPB, math.hypot(chunk_se(pairs), max(seed_se(pairs), known_se)))
    required = max(thresholds.min_delta_abs, thresholds.min_delta_rel * best_bpb)
    return Improvement(
        mean_bpb=mean,
        se=se,
        relative=mean / best_bpb,
        z=mean / se,
        verdict=verdict(mean, mean / se, required, thresholds.z_score),
        required_bpb=required,
        required_z=thresholds.z_score,
        seeds=tuple(pairs),
    )


def verdict(delta: float, z: float, required_delta: float, required_z: float) -> Verdict:
    """Better where both are exceeded; near where neither is missed by far: half the delta, a z of 1."""
    if delta > required_delta and z > required_z:
        return Verdict.BETTER
    if delta > 0 and delta >= NEAR_SHARE * required_delta and z >= min(NEAR_Z, required_z):
        return Verdict.NEAR
    return Verdict.NOT


def chunk_se(pairs: Sequence[Paired]) -> float:
    """Standard error of the mean over seeds that comes from the chunks; seeds are independent."""
    return math.hypot(*(pair.se for pair in pairs)) / len(pairs)


def seed_se(pairs: Sequence[Paired]) -> float:
    """Standard error of the mean over seeds that comes from the seeds; 0 for one, which shows none."""
    if len(pairs) < 2:
        return 0.0
    return statistics.stdev(pair.delta for pair in pairs) / math.sqrt(len(pairs))


def paired(best: Manifest, candidate: Manifest) -> Paired:
    """Compare two runs on the same chunks; raises `RunsNotComparable` and `TooFewChunks`."""
    ends = best["curve"]["bytes"]
    if best["data"]["stream_sha256"] != candidate["data"]["stream_sha256"]:
        raise RunsNotComparable("the two runs were coded on different texts")
    if ends != candidate["curve"]["bytes"]:
        raise RunsNotComparable("the two runs cut their text into different chunks")
    bits, other = _chunk_bits(best), _chunk_bits(candidate)
    block_length = round(math.sqrt(len(bits)))
    rho, rho_se = relative_gain(bits, other, block_length)
    best_bpb = math.fsum(bits) / ends[-1]
    return Paired(
        seed=int(best["run"]["seed"]),
        delta=rho * best_bpb,
        se=rho_se * best_bpb,
        best_bpb=best_bpb,
        chunks=len(bits),
        block_length=block_length,
    )


def relative_gain(
    best_bits: Sequence[float], candidate_bits: Sequence[float], block_length: int
) -> tuple[float, float]:
    """(rho, standard error) of the relative gain, from bits per chunk, (n,) each.

    The residuals e_k = d_k - rho bits_k sum to 0, and so do the sums S_j of the n blocks of l chunks: a
    resample of n / l blocks has the variance (n / l) mean(S_j^2). Blocks of l out of n chunks see less than
    all of the spread, by the factor 1 - l / n for independent chunks, which is put right.
    """
    n = len(best_bits)
    if n < FEWEST_CHUNKS:
        raise TooFewChunks(f"{n} chunks, at least {FEWEST_CHUNKS} are needed")
    total = math.fsum(best_bits)
    if total <= 0:
        raise RunsNotComparable("the best has no code length at all")
    differences = [one - other for one, other in zip(best_bits, candidate_bits, strict=True)]
    rho = math.fsum(differences) / total
    residuals = [d - rho * bits for d, bits in zip(differences, best_bits, strict=True)]
    squares = math.fsum(block**2 for block in block_sums(residuals, block_length))
    variance = squares / block_length / (1 - block_length / n)
    return rho, math.sqrt(variance) / total


def block_sums(values: Sequence[float], block_length: int) -> list[float]:
    """(n,) sums of `block_length` consecutive values from each on; the first follow the last."""
    totals = [0.0, *accumulate([*values, *values[: block_length - 1]])]
    return [after - before for before, after in zip(totals, totals[block_length:], strict=False)]


def _chunk_bits(manifest: Manifest) -> list[float]:
    return [after - before for before, after in pairwise([0.0, *manifest["curve"]["bits"]])]


def _by_seed(best: Sequence[Manifest], candidate: Sequence[Manifest]) -> list[tuple[Manifest, Manifest]]:
    """The runs of both under the same seed, by rising seed."""
    ours = {int(manifest["run"]["seed"]): manifest for manifest in best}
    theirs = {int(manifest["run"]["seed"]): manifest for manifest in candidate}
    if not (shared := sorted(ours.keys() & theirs.keys())):
        raise RunsNotComparable("no seed that both were run under")
    return [(ours[seed], theirs[seed]) for seed in shared]
