"""What people and the semantic reviewer said about whose a submission is, as scoring understands it."""

from typing import Any
from uuid import UUID

from reviews import holds
from reviews.attribution import Attribution
from reviews.models import Hold, Review, Transcript
from scoring.ownership import Word
from scoring.resolutions import Resolution


def word_of(submission_id: UUID) -> Word | None:
    """The newest decision about a hold of the submission that bears on its attribution, if any stands."""
    decided = Hold.objects.filter(submission_id=submission_id, status=Hold.Status.RESOLVED)
    for hold in decided.exclude(decision=Hold.Decision.CONFIRM).order_by("-decided_at", "-pk"):
        if hold.resolution or Hold.Kind(hold.kind) in holds.ATTRIBUTED:
            return word_in(hold)
    return None


def word_in(hold: Hold) -> Word:
    """What the decision about this hold says."""
    said = {"hold": hold.pk, "by": hold.decided_by, "decision": hold.decision, "note": hold.note}
    near = hold.kind == Hold.Kind.NEAR_THRESHOLD
    resolution = _resolution(hold.resolution, near, said) if hold.resolution else None
    return Word(resolution=resolution, near=near, said=said)


def reviewer_confidence(submission_id: UUID) -> float | None:
    """The semantic reviewer's; None where none gave a verdict, or a person has looked since."""
    looked = Hold.objects.filter(
        submission_id=submission_id, kind=Hold.Kind.LLM_SUSPICION, status=Hold.Status.RESOLVED
    )
    gave = Transcript.objects.filter(submission_id=submission_id).exclude(outcome=Transcript.Outcome.FAILED)
    if looked.exists() or not gave.exists():
        return None
    said = Review.objects.filter(submission_id=submission_id, reviewer=Review.Reviewer.LLM)
    return said.values_list("confidence", flat=True).first()


def _resolution(stored: dict[str, Any], near: bool, said: dict[str, Any]) -> Resolution:
    """Where the question was whether it is better, naming a training that competes says that it is."""
    attribution = Attribution.model_validate(stored)
    assert attribution.architecture_action != "reject"
    assert attribution.training_action != "reject"  # both end the submission
    return Resolution(
        architecture_action=attribution.architecture_action,
        training_action=attribution.training_action,
        architecture_id=attribution.architecture_id,
        training_variant_id=attribution.training_variant_id,
        takes_best=True if near else None,
        said=said,
    )
