"""The account of one submission: from bits per byte to its score, its qualities and its weight."""

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import resolve_policy
from scoring.final_score import ScoreTerms
from scoring.models import Quality, Score
from scoring.payout import payout
from scoring.waterfall import Waterfall, blend_steps, quality_steps, score_steps, weight_steps
from scoring.weights import Share

PREVIEW = "A preview: smoke runs are never exported."


def account_of(submission: Submission) -> list[Waterfall]:
    """Everything that is known by now, in the order in which it follows; nothing before there is a score."""
    score = Score.objects.filter(pk=submission.pk).first()
    if score is None:
        return []
    quality = Quality.objects.filter(pk=submission.pk).first()
    return [_score(score), *(_qualities(quality) if quality else []), _weight(score)]


def _score(score: Score) -> Waterfall:
    """By the policy under which it was scored."""
    policy = resolve_policy(at=score.computed_at, official=False).loss_comparability_policy
    return score_steps(
        bpb=score.bpb,
        heldout_delta=score.heldout_delta,
        penalty=score.penalty,
        multiplier=score.multiplier,
        terms=ScoreTerms(
            heldout_epsilon_bpb=policy.heldout_epsilon_bpb,
            memorization_gap_bpb=policy.memorization_gap_bpb,
            memorization_penalty=policy.memorization_penalty,
        ),
    )


def _qualities(quality: Quality) -> list[Waterfall]:
    found = [
        quality_steps("q_arch", "What the architecture is worth", quality.architecture, quality.q_arch),
        quality_steps("q_recipe", "What the training is worth", quality.training, quality.q_recipe),
    ]
    if quality.q_arch is not None and quality.q_recipe is not None:
        weights = resolve_policy(at=quality.computed_at, official=False).score_weights
        shares = weights.final_architecture_weight, weights.final_recipe_weight
        found.append(blend_steps(quality.q_arch, quality.q_recipe, architecture=shares[0], recipe=shares[1]))
    return found


def _weight(score: Score) -> Waterfall:
    mode = Mode(score.mode)
    try:
        explanation = payout(mode).weights.explanation
    except PolicyInvalid as error:
        return weight_steps([], f"No weights are computed: the policy {error.key} is not valid.")
    lines = explanation.get(score.hotkey, [])
    own = [line for line in lines if line.submission_id == str(score.submission_id)]
    return weight_steps(own, _note(mode, lines, own))


def _note(mode: Mode, lines: list[Share], own: list[Share]) -> str:
    preview = "" if mode.is_official else PREVIEW
    if own:
        return preview
    if lines:
        return f"Another submission earns this hotkey its weight. {preview}".strip()
    return f"It earns no weight now: others stand before it, or it does not stand. {preview}".strip()
