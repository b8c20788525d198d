"""Whose a scored submission is: decided, counted in its family, and taken out again. The only writer.

Every call is part of the transaction that completes or stops the submission, and takes the mode's turn after
every other lock, so that two workers decide one after the other. A family is never edited: it is folded anew
from the submissions that stand in it (`scoring.folding`), and what differs becomes events
(`scoring.family_rows`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.policy.resolve import Policy, resolve_policy
from scoring import family_rows
from scoring.attribution import decide
from scoring.attribution_facts import ArchitectureAction, Decision, Reason, TrainingAction
from scoring.gathering import Question, gather
from scoring.models import Attribution, Family, FamilyTurn, OwnershipEvent, Score
from scoring.resolutions import COMPETES, Resolution, released, resolved

State, Kind = Attribution.State, OwnershipEvent.Kind


@dataclass(frozen=True, kw_only=True)
class Word:
    """What an operator said about an attribution that was held.

    `resolution` says whose it is; without one it was released, and `near` says that the question was only
    whether it is better. `said` is kept as evidence.
    """

    resolution: Resolution | None
    near: bool
    said: Mapping[str, Any]


def attribute(
    *, submission_id: UUID, by: str, reviewer_confidence: float | None = None, word: Word | None = None
) -> Attribution:
    """Decide whose a scored submission is, and let it count; of a word, what it says.

    The row's state says what follows: `standing`, `unclaimed`, `held` or `rejected`. Raises
    `AttributionRefused` for a word that contradicts what is known, `Score.DoesNotExist`, and `PolicyInvalid`
    for official modes.
    """
    with transaction.atomic():
        submission = Submission.objects.select_related("trains_for").get(pk=submission_id)
        turn = take_turn(Mode(submission.mode))
        decision, question = decided(submission, turn, reviewer_confidence, word)
        row = row_of(submission, decision, question, by=by, word=word)
        state = State(row.state)
        if state is State.STANDING and decision.architecture_action is ArchitectureAction.NEW:
            row.family = family_rows.found(row)
        row.save()
        if state is State.STANDING:
            family_rows.refold(_family_of(row), turn, because=row, kind=Kind.JOINED, by=by)
        else:
            family_rows.note(row, Kind(state.value), by=by)
    return row


def set_aside(*, submission_id: UUID, state: Attribution.State, by: str, why: Mapping[str, Any]) -> None:
    """A submission counts no longer: it is held again, or rejected. Its family is folded without it."""
    with transaction.atomic():
        row = Attribution.objects.select_related("family").filter(pk=submission_id).first()
        if row is None or row.state == state:
            return
        turn = take_turn(Mode(row.mode))
        stood = row.state == State.STANDING
        row.state, row.by, row.decided_at = state, by, timezone.now()
        row.save(update_fields=["state", "by", "decided_at"])
        if stood:
            family_rows.refold(_family_of(row), turn, because=row, kind=Kind.WITHDRAWN, by=by, why=why)
        else:
            family_rows.note(row, Kind(state.value), by=by, why=why)


def take_turn(mode: Mode) -> FamilyTurn:
    """Until the transaction ends nobody else attributes in this mode."""
    FamilyTurn.objects.get_or_create(pk=mode)
    return FamilyTurn.objects.select_for_update().get(pk=mode)


def decided(
    submission: Submission, turn: FamilyTurn, reviewer_confidence: float | None, word: Word | None
) -> tuple[Decision, Question]:
    """The decision as it would be made now; writes nothing."""
    policy: Policy = resolve_policy(official=Mode(submission.mode).is_official)
    resolution = word.resolution if word else None
    question = gather(
        submission,
        turn,
        policy,
        reviewer_confidence=reviewer_confidence if word is None else None,
        named_family=resolution.architecture_id if resolution else None,
        named_variant=resolution.training_variant_id if resolution else None,
    )
    if resolution is not None:
        return resolved(question.signature, resolution, question.families, question.variants), question
    decision = decide(
        question.signature, question.families, question.variants, question.measurements, question.terms
    )
    if word is None or not decision.holds:
        return decision, question
    nearly = word.near and decision.holds == (Reason.NEAR_THRESHOLD,)
    return (released(decision, word.said) if nearly else _unclaimed(decision, word)), question


def _unclaimed(decision: Decision, word: Word) -> Decision:
    """Released without a word about whose it is: its score stands, and it owns nothing."""
    return Decision(
        architecture_action=ArchitectureAction.NONE,
        training_action=TrainingAction.NONE,
        architecture_confidence=decision.architecture_confidence,
        training_confidence=1.0,
        reason=Reason.OPERATOR,
        evidence={**decision.evidence, "released_from": decision.reason, "operator": dict(word.said)},
    )


def _state_of(decision: Decision) -> Attribution.State:
    if decision.holds:
        return State.HELD
    match decision.architecture_action:
        case ArchitectureAction.REJECT:
            return State.REJECTED
        case ArchitectureAction.NONE:
            return State.UNCLAIMED
        case _:
            return State.STANDING


def row_of(
    submission: Submission, decision: Decision, question: Question, *, by: str, word: Word | None
) -> Attribution:
    """The row of a decision, not saved; a family that is to be founded is not there yet."""
    score = Score.objects.get(pk=submission.pk)
    signature = question.signature
    known = Attribution.objects.filter(pk=submission.pk).first()
    row = known or Attribution(submission=submission)
    row.mode, row.hotkey, row.accepted_at = score.mode, score.hotkey, score.accepted_at
    row.scored_at, row.final_score = score.computed_at, score.final_score
    row.graph_hash, row.architecture_hash = signature.graph_hash or "", signature.architecture_hash
    row.training_hash = _claimed_training(decision, question)
    row.takes_best = _takes_best(decision, word)
    improvement = question.measurements.improvement
    row.compared = {str(question.compared_with): improvement.verdict.value} if improvement else {}
    row.state, row.decision = _state_of(decision), decision.as_json()
    row.by, row.decided_at = by, timezone.now()
    row.family = Family.objects.filter(pk=decision.family_id).first() if decision.family_id else None
    return row


def _claimed_training(decision: Decision, question: Question) -> str:
    """Its own training, or the one that an operator says it is."""
    if decision.training_action is TrainingAction.NONE:
        return ""
    named = next((each for each in question.variants if each.id == decision.training_variant_id), None)
    if named is not None and decision.training_action is TrainingAction.EXISTING:
        return named.training_hash
    return question.signature.training_hash or ""


def _takes_best(decision: Decision, word: Word | None) -> bool | None:
    """Only an operator's word overrules the paired test."""
    if word is None or decision.training_action not in COMPETES:
        return None
    if word.resolution is not None:
        return word.resolution.takes_best
    return False if word.near and "operator" in decision.evidence else None


def _family_of(row: Attribution) -> Family:
    assert row.family is not None  # a CHECK constraint of standing rows
    return row.family
