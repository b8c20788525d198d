"""Both qualities of a submission out of its own runs and the yardsticks', as far as there are any. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from prism_site.policy.resolve import Policy
from scoring.components.architecture import architecture_measures
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.quality import Formula, Quality, blend, quality
from scoring.components.sides import Manifest, Side
from scoring.components.training import training_measures

Yardstick = Side | Unavailable  # or why there is none


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is stored of a submission's worth."""

    architecture: Quality
    training: Quality
    blend_score: float | None


@dataclass(frozen=True, kw_only=True)
class Own:
    """What the submission itself showed; `artifacts` are files that every run left, None for unknown."""

    runs: Sequence[Manifest]
    has_training: bool
    attempts: int  # the most that one of the runs took
    artifacts: Collection[str] | None


def account(own: Own, reference: Yardstick, baseline: Yardstick, policy: Policy) -> Account:
    """Measure as far as the yardsticks are there; without one, every component that needs it says why."""
    weights, comparability = policy.score_weights, policy.loss_comparability_policy
    architecture = quality(
        _architecture(reference, baseline, policy), weights.architecture_formula, comparability
    )
    training = quality(_training(own, reference, policy), weights.training_formula, comparability)
    return Account(
        architecture=architecture, training=training, blend_score=blend(architecture, training, weights)
    )


def artifacts_of(runs: Sequence[Manifest]) -> frozenset[str] | None:
    """Files that every run left; None where a manifest does not list them."""
    listed = [run["run"].get("artifacts") for run in runs]
    if not listed or not all(isinstance(names, list) for names in listed):
        return None
    return frozenset.intersection(*(frozenset(map(str, names)) for names in listed))


def _architecture(reference: Yardstick, baseline: Yardstick, policy: Policy) -> Mapping[str, Measure]:
    formula = policy.score_weights.architecture_formula
    if not isinstance(reference, Side):
        return _none_of(formula, reference)
    if not isinstance(baseline, Side):
        return _none_of(formula, baseline)
    return architecture_measures(
        reference, baseline, packs=policy.benchmark_weights, thresholds=policy.diagnostics_thresholds
    )


def _training(own: Own, reference: Yardstick, policy: Policy) -> Mapping[str, Measure]:
    formula = policy.score_weights.training_formula
    if not own.has_training:
        return _none_of(formula, Unavailable.NO_TRAINING)
    if not isinstance(reference, Side):
        return _none_of(formula, reference)
    return training_measures(
        Side("submission", own.runs),
        reference,
        packs=policy.benchmark_weights,
        attempts=own.attempts,
        artifacts=own.artifacts,
    )


def _none_of(formula: Formula, reason: Unavailable) -> Mapping[str, Measure]:
    return dict.fromkeys(formula.model_dump(), missing(reason))
