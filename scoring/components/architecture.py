"""q_arch: an architecture under the reference recipe, against the baseline under the same recipe."""

from collections.abc import Mapping

from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from prism_site.policy.schemas.measurements import DiagnosticsThresholds
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.health import diagnostics_health
from scoring.components.relative import relative
from scoring.components.sanity import benchmark_sanity
from scoring.components.sides import Side, compare, same_text
from scoring.components.stability import robustness_stability

LEARNING_SHARE, COHERENCE_SHARE = 0.6, 0.4  # of learning_scaling_dynamics


def architecture_measures(
    reference: Side,
    baseline: Side,
    *,
    packs: BenchmarkWeights,
    thresholds: DiagnosticsThresholds,
    coherence: float | None = None,
) -> Mapping[str, Measure]:
    """The components of `architecture_formula` by name; `coherence`, in [0, 1], is the ladder's."""
    return {
        "learning_scaling_dynamics": learning_scaling_dynamics(reference, baseline, coherence),
        "standardized_lm_quality": compare(
            baseline, reference, "heldout", "bpb", without=Unavailable.NO_HELDOUT
        ),
        "compute_efficiency": compute_efficiency(reference, baseline),
        "parameter_efficiency": compare(
            baseline, reference, "model", "body_parameters", k=1.0, without=Unavailable.NO_YARDSTICK
        ),
        "diagnostics_health": diagnostics_health(reference, thresholds),
        "robustness_stability": robustness_stability(reference),
        "benchmark_sanity": benchmark_sanity(reference, packs),
    }


def learning_scaling_dynamics(reference: Side, baseline: Side, coherence: float | None) -> Measure:
    """Prequential gain over the baseline, and how alike it is over sizes; without a ladder the gain alone."""
    if not same_text(baseline, reference):
        return missing(Unavailable.OTHER_TEXT)
    gain = compare(baseline, reference, "score", "bpb", without=Unavailable.NO_YARDSTICK)
    if gain.value is None or coherence is None:
        return gain
    value = LEARNING_SHARE * gain.value + COHERENCE_SHARE * coherence
    return Measure(value=value, sources={**gain.sources, "ladder.coherence": coherence})


def compute_efficiency(reference: Side, baseline: Side) -> Measure:
    """FLOPs of a forward per byte of text against the baseline's."""
    yardstick, value = flops_per_byte(baseline), flops_per_byte(reference)
    if yardstick is None or value is None:
        return missing(Unavailable.NO_TOKEN_COUNT)
    if yardstick <= 0:
        return missing(Unavailable.NO_YARDSTICK)
    sources = {
        f"{baseline.name}.model.flops_per_byte": yardstick,
        f"{reference.name}.model.flops_per_byte": value,
    }
    return Measure(value=relative(yardstick, value, k=1.0), sources=sources)


def flops_per_byte(side: Side) -> float | None:
    """FLOPs per token times tokens per byte; None where a manifest does not say how many there were."""
    per_token, text_bytes = side.mean("model", "flops_per_token"), side.mean("score", "bytes")
    tokens = text_bytes if _codes_bytes(side) else side.mean("score", "tokens")
    if per_token is None or tokens is None or not text_bytes:
        return None
    return per_token * tokens / text_bytes


def _codes_bytes(side: Side) -> bool:
    """Whether every token is a byte."""
    return all(run["integrity"]["tokenizer"] == "bytes" for run in side.runs)
