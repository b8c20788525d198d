"""q_recipe: a submission's own training, against the reference recipe on the same architecture."""

import math
import statistics
from collections.abc import Collection, Mapping
from typing import Any

from evaluations.checklist.claim import number
from evaluations.runner.constants import MANIFEST_NAME
from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.relative import relative
from scoring.components.sanity import benchmark_sanity
from scoring.components.sides import Side, compare, same_text
from scoring.components.stability import robustness_stability

LEARNING_SHARE, STABILITY_SHARE = 0.5, 0.5  # of learning_stability_dynamics
SEED_SPREAD_BPB = 0.01  # a standard deviation over seeds that leaves 1 / e
FAULT_COST = 0.25
FORWARDS_OF_A_STEP = 3.0  # one forward, and a backward of twice its cost
REQUIRED_ARTIFACTS = (MANIFEST_NAME, "curve.npz", "final.safetensors")


def training_measures(
    submission: Side,
    reference: Side,
    *,
    packs: BenchmarkWeights,
    attempts: int,
    artifacts: Collection[str] | None,
) -> Mapping[str, Measure]:
    """The components of `training_formula` by name.

    `attempts` is the largest number of attempts that one of the runs took; `artifacts` are the names of files
    that every run left, None where nobody looked.
    """
    return {
        "architecture_normalized_heldout_improvement": compare(
            reference, submission, "heldout", "bpb", without=Unavailable.NO_HELDOUT
        ),
        "learning_stability_dynamics": learning_stability_dynamics(submission, reference),
        "benchmark_sanity": benchmark_sanity(submission, packs),
        "compute_efficiency": compute_efficiency(submission),
        "reproducibility_stability": reproducibility_stability(submission),
        "robustness_failure_behavior": robustness_failure_behavior(submission, attempts),
        "artifact_completeness": artifact_completeness(submission, artifacts),
    }


def learning_stability_dynamics(submission: Side, reference: Side) -> Measure:
    """Half the prequential gain over the reference recipe, half how steadily the curve falls."""
    if not same_text(reference, submission):
        return missing(Unavailable.OTHER_TEXT)
    gain = compare(reference, submission, "score", "bpb", without=Unavailable.NO_YARDSTICK)
    steady = robustness_stability(submission)
    if gain.value is None or steady.value is None:
        return gain if gain.value is None else steady
    value = LEARNING_SHARE * gain.value + STABILITY_SHARE * steady.value
    return Measure(value=value, sources={**gain.sources, **steady.sources})


def compute_efficiency(submission: Side) -> Measure:
    """Seconds of learning, over all ranks, against a plain step on the same tokens: three forwards."""
    learning = submission.mean("training", "learner_seconds")
    forward = submission.mean("training", "forward_seconds")
    if learning is None or forward is None:
        return missing(Unavailable.NO_TIMES)
    if forward <= 0:
        return missing(Unavailable.NO_YARDSTICK)
    ranks = submission.mean("run", "world_size") or 1.0
    multiple = learning * ranks / (FORWARDS_OF_A_STEP * forward)
    sources = {
        submission.path("training", "learner_seconds"): learning,
        submission.path("training", "forward_seconds"): forward,
        submission.path("run", "world_size"): ranks,
    }
    return Measure(value=relative(1.0, multiple, k=1.0), sources=sources)


def reproducibility_stability(submission: Side) -> Measure:
    """exp(-standard deviation over seeds / 0.01 bits per byte)."""
    bpb = [float(run["score"]["bpb"]) for run in submission.runs]
    if len(bpb) < 2:
        return missing(Unavailable.ONE_SEED)
    spread = statistics.stdev(bpb)
    return Measure(
        value=math.exp(-spread / SEED_SPREAD_BPB), sources={f"{submission.name}.score.bpb_sd": spread}
    )


def robustness_failure_behavior(submission: Side, attempts: int) -> Measure:
    """1 less 0.25 for each kind of fault that any run showed."""
    faults = {
        "nan_windows": any(_nan_windows(run) for run in submission.runs),
        "watchdog_stop": any(run["training"]["stopped_reason"] == "wall_clock" for run in submission.runs),
        "retry": attempts > 1,
        "hook_error": any(
            "error" in look for run in submission.runs for look in run.get("diagnostics") or []
        ),
    }
    sources = {f"{submission.name}.faults.{name}": float(seen) for name, seen in faults.items()}
    return Measure(value=1.0 - FAULT_COST * sum(faults.values()), sources=sources)


def artifact_completeness(submission: Side, artifacts: Collection[str] | None) -> Measure:
    """Share of the files that a run has to leave."""
    if artifacts is None:
        return missing(Unavailable.UNKNOWN_ARTIFACTS)
    present = sum(name in artifacts for name in REQUIRED_ARTIFACTS)
    sources = {f"{submission.name}.artifacts.present": float(present)}
    return Measure(value=present / len(REQUIRED_ARTIFACTS), sources=sources)


def _nan_windows(run: Mapping[str, Any]) -> bool:
    """Whether a claim was charged as impossible, or a look inside met NaN or infinity."""
    looks = run.get("diagnostics") or []
    figures = ("nonfinite_activations", "nonfinite_gradients")
    inside = any(number(look.get(name)) for look in looks for name in figures)
    return inside or bool(number(run["score"].get("nonfinite")))
