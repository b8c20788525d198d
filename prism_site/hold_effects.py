"""What each decision about a hold would do to the weights, before anybody takes it."""

from dataclasses import dataclass

from evaluations.enums import Mode, Status
from evaluations.models import Submission
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import resolve_policy
from reviews import holds
from reviews.models import Hold
from scoring import actions, standings
from scoring.effects import Change, WhatIf, with_contender
from scoring.models import Score
from scoring.ranking import Contender
from scoring.weights import Pools

NOT_SCORED = "It has no score yet: its weight follows from its run."
STAYS_OUT = "It earns nothing, now as after."
STILL_HELD = "Another hold keeps it out of the weights."
COUNTS = "Its score counts."
WORTHLESS = "It is listed with a score of 0 and earns nothing."


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
    try:
        return [_effect(hold, decision) for decision in decisions]
    except PolicyInvalid as error:
        return [_without_policy(decision, error) for decision in decisions]


def _effect(hold: Hold, decision: Hold.Decision) -> Effect:
    submission = Submission.objects.get(pk=hold.submission_id)
    mode = Mode(submission.mode)
    pools = Pools(**resolve_policy(official=mode.is_official).reward_pools.model_dump())
    candidate, explanation = _outcome(hold, decision, submission)
    what_if: WhatIf = with_contender(standings.eligible(mode), candidate, pools)
    return Effect(
        decision=decision,
        weights_before=what_if.before,
        weights_after=what_if.after,
        changes=what_if.changes,
        explanation=explanation,
    )


def _outcome(hold: Hold, decision: Hold.Decision, submission: Submission) -> tuple[Contender | None, str]:
    """The contender that the decision would add to the standings, and why."""
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
    return standings.contenders([score])[0], COUNTS


def _without_policy(decision: Hold.Decision, error: PolicyInvalid) -> Effect:
    explanation = f"The policy in force is not valid, so there are no weights: {error.message}"
    return Effect(decision=decision, weights_before={}, weights_after={}, changes=[], explanation=explanation)
