"""The blend of both qualities as a score: stored, and marked where it is its hotkey's best."""

from uuid import UUID

from evaluations.enums import Status
from scoring.models import Score

BLEND_ORDER = ("-blend_score", "accepted_at", "submission_id")


def store_blend(score: Score, value: float | None) -> None:
    """Keep a blend with its score. The caller has the hotkey's turn (`actions.take_turn`)."""
    if score.blend_score != value:
        score.blend_score = value
        score.save(update_fields=["blend_score"])
        mark_best_blend(score)


def mark_best_blend(score: Score, *, without: UUID | None = None) -> None:
    """Decide anew which of the hotkey's scores that stand has the best blend, leaving out `without`.

    The old mark goes first, as it is unique. The caller has the hotkey's turn.
    """
    of_hotkey = Score.objects.filter(mode=score.mode, hotkey=score.hotkey, blend_score__isnull=False)
    standing = of_hotkey.filter(submission__status=Status.COMPLETED, multiplier=1.0).exclude(pk=without)
    best = standing.order_by(*BLEND_ORDER).values_list("pk", flat=True).first()
    marked = Score.objects.filter(mode=score.mode, hotkey=score.hotkey, best_by_blend=True)
    marked.exclude(pk=best).update(best_by_blend=False)
    Score.objects.filter(pk=best, best_by_blend=False).update(best_by_blend=True)
