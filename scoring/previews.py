"""What a family would be if a submission stood in it: for looking at a decision before it is taken.

Reads the rows as they are, takes no turn and writes nothing.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.policy.resolve import resolve_policy
from scoring import weights
from scoring.comparisons import Comparisons
from scoring.folding import Member, fold
from scoring.gathering import member_of, members_of
from scoring.models import Attribution, FamilyTurn
from scoring.ownership import State, Word, decided, row_of
from scoring.paid_families import value_of_state, variant_ids

UNBORN = "new"  # the id of a family that would be founded


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would become of a submission; `family` is none where it would stand in none."""

    state: Attribution.State
    reason: str
    family: weights.Family | None


def preview(
    submission_id: UUID,
    *,
    word: Word | None,
    reviewer_confidence: float | None,
    final_score: float,
    takes_best: bool | None = None,
) -> Preview:
    """As `scoring.ownership.attribute` would decide, with this score.

    `takes_best` is an operator's word about the training alone. Raises `AttributionRefused`.
    """
    submission = Submission.objects.select_related("trains_for").get(pk=submission_id)
    mode = Mode(submission.mode)
    turn = FamilyTurn.objects.filter(pk=mode).first() or FamilyTurn(mode=mode)
    decision, question = decided(submission, turn, reviewer_confidence, word)
    row = row_of(submission, decision, question, by="", word=word)
    if row.state != State.STANDING:
        return Preview(state=State(row.state), reason=decision.reason, family=None)
    member = replace(member_of(row), final_score=final_score)
    if takes_best is not None:
        member = replace(member, takes_best=takes_best)
    return Preview(state=State.STANDING, reason=decision.reason, family=_with(member, row))


def _with(member: Member, row: Attribution) -> weights.Family:
    family_id = str(row.family_id) if row.family_id else UNBORN
    known = members_of(family_id) if row.family_id else []
    others = [other for other in known if other.submission_id != member.submission_id]
    thresholds = resolve_policy(official=False).score_weights.improvement_thresholds
    state = fold([*others, member], Comparisons(thresholds, keep=False).beats)
    assert state is not None  # it has a member
    return value_of_state(family_id, state, variant_ids(family_id) if row.family_id else {})
