"""The curve of a manifest against the schedule, and the score that follows from it. Pure."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from evaluations.runner.codelength import bits_per_byte
from evaluations.validators.refusals import ResultRefused

# Chunk bits come back as a difference of sums: float64 keeps nine digits of a chunk in the longest stream.
TOLERANCE = 1e-6


def check_curve(curve: Mapping[str, Any] | None, cuts: Sequence[float], *, whole: bool) -> None:
    """Refuse a curve whose chunks are not those of the schedule, or whose columns contradict each other.

    `cuts` are the cumulative bytes at which chunks end; a run that was not scored may have ended at any.
    """
    if curve is None:
        return
    columns = {name: numbers(curve.get(name), name) for name in ("bytes", "bits", "bpb")}
    count = len(columns["bytes"])
    if len(columns["bits"]) != count or len(columns["bpb"]) != count:
        raise inconsistent("the curve's columns differ in length")
    if columns["bytes"] != list(cuts[:count]) or (whole and count != len(cuts)):
        raise ResultRefused("manifest_foreign", "the curve's chunks are not those of the schedule")
    for (start, bits), (end, more), bpb in _chunks(columns):
        if more <= bits or not close(bpb, (more - bits) / (end - start)):
            raise inconsistent(f"the chunk that ends at byte {end} does not add up")


def _chunks(columns: Mapping[str, list[float]]) -> Any:
    totals = pairwise([(0.0, 0.0), *zip(columns["bytes"], columns["bits"], strict=True)])
    return ((start, end, bpb) for (start, end), bpb in zip(totals, columns["bpb"], strict=True))


def recomputed_score(manifest: Mapping[str, Any], specification: Mapping[str, Any]) -> dict[str, Any]:
    """The `score` section computed from the curve and the anomalies; refuses a manifest that says otherwise.

    What stems from windows that only the referee saw, such as the standard error, is taken as it is.
    """
    curve, said = manifest["curve"], manifest["score"]
    stream_bytes, bits = curve["bytes"][-1], curve["bits"][-1]
    score = {
        "bpb": bits_per_byte(bits, stream_bytes),
        "bits": bits,
        "bytes": stream_bytes,
        "multiplier": 0.0 if manifest["integrity"]["anomalies"] else 1.0,
        "step0_bpb": bits_per_byte(curve["bits"][0], curve["bytes"][0]),
        "score_fraction": specification["schedule"]["score_fraction"],
    }
    for name, value in score.items():
        if not close(number(said.get(name), name), value):
            raise inconsistent(f"score.{name} does not follow from the curve")
    if number(said.get("bpb_se"), "bpb_se") > score["bpb"]:
        raise inconsistent("score.bpb_se is larger than the score")
    return {**said, **score, "final_score": None}


def number(value: Any, name: str) -> float:
    """A finite number that is not negative; no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise inconsistent(f"{name} is no number of its kind")
    return value


def numbers(values: Any, name: str) -> list[float]:
    """A column of such numbers."""
    if not isinstance(values, list):
        raise inconsistent(f"{name} is no column")
    return [number(value, name) for value in values]


def close(one: float, other: float) -> bool:
    """Whether two figures are the same but for rounding."""
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-9)


def inconsistent(sentence: str) -> ResultRefused:
    """Figures that contradict each other."""
    return ResultRefused("manifest_inconsistent", sentence)
