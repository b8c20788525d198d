"""How one submission differs from another along the text: the gain so far, and how sure it is. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.paired import (
    FEWEST_CHUNKS,
    Improvement,
    RunsNotComparable,
    TooFewChunks,
    chunk_se,
    improvement,
    paired,
    seed_se,
)

Manifest = Mapping[str, Any]
MOST_PLACES = 32  # of a line; each is a test of its own on the text up to there


@dataclass(frozen=True)
class GainSoFar:
    """The gain over the first `stream_bytes` of the text in bits per byte, and its standard error."""

    stream_bytes: int
    gain: float
    se: float


@dataclass(frozen=True)
class Difference:
    """The paired test of a submission against the first, and how it came about; or why there is none."""

    improvement: Improvement | None
    along: tuple[GainSoFar, ...] = ()
    code: str = ""
    reason: str = ""


def difference(
    best: Sequence[Manifest], candidate: Sequence[Manifest], thresholds: ImprovementThresholds
) -> Difference:
    """Compare the scored manifests of two submissions, one per seed."""
    if not best or not candidate:
        return Difference(None, code="not_scored", reason="One of the two has no scored run.")
    try:
        tested = improvement(best, candidate, thresholds)
    except (RunsNotComparable, TooFewChunks) as error:
        return Difference(None, code=error.code, reason=f"{error}.".capitalize())
    return Difference(tested, tuple(along(best, candidate, [pair.seed for pair in tested.seeds])))


def along(best: Sequence[Manifest], candidate: Sequence[Manifest], seeds: Sequence[int]) -> list[GainSoFar]:
    """The mean over seeds of the paired test on ever more text, as far as all of them have chunks alike."""
    ours, theirs = _by_seed(best), _by_seed(candidate)
    ends = min((ours[seed]["curve"]["bytes"] for seed in seeds), key=len)
    return [_at(count, [(ours[seed], theirs[seed]) for seed in seeds]) for count in places(len(ends))]


def places(chunks: int) -> list[int]:
    """Numbers of chunks, each the more above the last the larger it is, up to all of them."""
    if chunks <= FEWEST_CHUNKS:
        return [chunks] if chunks == FEWEST_CHUNKS else []
    steps = range(MOST_PLACES)
    growth = (chunks / FEWEST_CHUNKS) ** (1 / (MOST_PLACES - 1))
    return sorted({round(FEWEST_CHUNKS * growth**step) for step in steps} | {chunks})


def _at(count: int, pairs: Sequence[tuple[Manifest, Manifest]]) -> GainSoFar:
    found = [paired(_first(count, best), _first(count, candidate)) for best, candidate in pairs]
    return GainSoFar(
        stream_bytes=pairs[0][0]["curve"]["bytes"][count - 1],
        gain=statistics.fmean(pair.delta for pair in found),
        se=math.hypot(chunk_se(found), seed_se(found)),
    )


def _first(count: int, manifest: Manifest) -> Manifest:
    curve = {name: manifest["curve"][name][:count] for name in ("bytes", "bits")}
    return {"curve": curve, "data": manifest["data"], "run": manifest["run"]}


def _by_seed(manifests: Sequence[Manifest]) -> dict[int, Manifest]:
    return {int(manifest["run"]["seed"]): manifest for manifest in manifests}
