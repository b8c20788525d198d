"""What each decision about a hold would do to the weights, before anybody takes it."""

from dataclasses import dataclass

from evaluations.enums import Mode, Status
from evaluations.models import Identity, Submission
from prism_site.operator_words import reviewer_confidence, word_of
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import resolve_policy
from reviews import holds
from reviews.models import Hold
from scoring import actions, paid_families
from scoring.effects import Change, WhatIf, what_if
from scoring.models import Score
from scoring.ownership import State, Word
from scoring.previews import preview
from scoring.resolutions import AttributionRefused, Resolution
from scoring.weights import Family, Pools

NOT_SCORED = "It has no score yet: its weight follows from its run."
STAYS_OUT = "It earns nothing, now as after."
STILL_HELD = "Another hold keeps it out of the weights."
COUNTS = "Its score counts."
WORTHLESS = "It is listed with a score of 0 and earns nothing."
UNCLAIMED = "Its score is listed; without an attribution it owns nothing and earns nothing."
BETTER = "Its training is said to be the better one: it is the current best of its family."
DEPENDS = "What it earns follows from whose it is said to be."
DOUBTED = "It is not clear yet whose it is: an operator will be asked."


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one decision would do to the weights of the submission's mode; `explanation` for people."""

    decision: Hold.Decision
    weights_before: dict[str, float]
    weights_after: dict[str, float]
    changes: list[Change]
    explanation: str


def effects(hold: Hold) -> list[Effect]:
    """One for each decision that the hold takes, in the order of `Hold.Decision`.

    Without valid policy there are no weights: they are empty then, and the explanation says so.
    """
    decisions = [each for each in Hold.Decision if each in holds.DECISIONS[Hold.Kind(hold.kind)]]
    submission = Submission.objects.get(pk=hold.submission_id)
    mode = Mode(submission.mode)
    try:
        pools = Pools(**resolve_policy(official=mode.is_official).reward_pools.model_dump())
        families = [paid_families.value_of(row) for row in paid_families.standing(mode)]
        return [_effect(hold, decision, submission, families, pools) for decision in decisions]
    except PolicyInvalid as error:
        return [_without_policy(decision, error) for decision in decisions]


def _effect(
    hold: Hold, decision: Hold.Decision, submission: Submission, families: list[Family], pools: Pools
) -> Effect:
    changed, explanation = _outcome(hold, decision, submission)
    after = families if changed is None else paid_families.replaced(families, changed)
    result: WhatIf = what_if(families, after, pools)
    return Effect(
        decision=decision,
        weights_before=result.before,
        weights_after=result.after,
        changes=result.changes,
        explanation=explanation,
    )


def _outcome(hold: Hold, decision: Hold.Decision, submission: Submission) -> tuple[Family | None, str]:
    """The family that the decision would change, as it would be, and why."""
    if decision == Hold.Decision.CONFIRM:
        return None, STAYS_OUT
    score = Score.objects.select_related("run").filter(pk=submission.pk).first()
    if score is None or submission.status != Status.HELD:
        return None, NOT_SCORED
    if holds.open_holds(submission.pk).exclude(pk=hold.pk).exists():
        return None, STILL_HELD
    if decision == Hold.Decision.LIFT_MULTIPLIER:
        parts = actions.lifted_parts(score)
        score.multiplier, score.final_score = parts.multiplier, parts.final_score
    if score.multiplier != 1.0:
        return None, WORTHLESS
    return _attributed(hold, decision, score)


def _attributed(hold: Hold, decision: Hold.Decision, score: Score) -> tuple[Family | None, str]:
    """What it would stand in; of an attribution, what it would earn most by."""
    attributing = decision == Hold.Decision.ATTRIBUTE
    near = hold.kind == Hold.Kind.NEAR_THRESHOLD
    try:
        found = preview(
            score.pk,
            word=_word(hold, attributing, near),
            reviewer_confidence=reviewer_confidence(score.pk),
            final_score=score.final_score,
            takes_best=True if attributing and near else None,
        )
    except AttributionRefused as refused:
        return None, f"{DEPENDS} As a family of its own it cannot count: {refused}."
    if attributing:
        return found.family, BETTER if near else f"{DEPENDS} Shown is a family of its own."
    return found.family, {State.STANDING: COUNTS, State.UNCLAIMED: UNCLAIMED}.get(found.state, DOUBTED)


def _word(hold: Hold, attributing: bool, near: bool) -> Word | None:
    """What would be said about the attribution, if the decision says anything about it."""
    if hold.kind not in holds.ATTRIBUTED:
        return word_of(hold.submission_id)
    if not attributing or near:
        return Word(resolution=None, near=near, said={})
    training = Identity.objects.filter(pk=hold.submission_id).exclude(training_hash="").exists()
    resolution = Resolution(
        architecture_action="new",
        training_action="new" if training else "none",
        architecture_id=None,
        training_variant_id=None,
        takes_best=None,
        said={},
    )
    return Word(resolution=resolution, near=False, said={})


def _without_policy(decision: Hold.Decision, error: PolicyInvalid) -> Effect:
    explanation = f"The policy in force is not valid, so there are no weights: {error.message}"
    return Effect(decision=decision, weights_before={}, weights_after={}, changes=[], explanation=explanation)
