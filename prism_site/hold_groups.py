"""Holds that one decision closed together: they are locked together, and undone together or not at all."""

from collections.abc import Collection

from django.db.models import Q

from evaluations.models import Run, Submission
from reviews.models import Hold
from scoring import actions as scoring


def lock(hold_ids: Collection[int]) -> list[Hold]:
    """The locked holds by id, after everything that decisions about them may write, of all their submissions.

    The order is that of `prism_site.hold_moves.lock`, kept over all of them: every run, then every turn.
    """
    found = Hold.objects.filter(pk__in=hold_ids).order_by("submission_id")
    submission_ids = list(found.values_list("submission_id", flat=True).distinct())
    list(Run.objects.select_for_update().filter(submission_id__in=submission_ids).order_by("pk"))
    for submission_id in submission_ids:
        scoring.take_turn(submission_id)
    list(Submission.objects.select_for_update().filter(pk__in=submission_ids).order_by("pk"))
    locked = Hold.objects.select_for_update(of=("self",)).select_related("submission")
    return list(locked.filter(pk__in=hold_ids).order_by("pk"))


def together(hold_id: int) -> list[int]:
    """The hold whose decision closed this one, if any did, and all that it closed, as they were decided."""
    leader = Hold.objects.get(pk=hold_id)
    while leader.closed_with_id is not None:
        leader = Hold.objects.get(pk=leader.closed_with_id)
    found = [leader.pk]
    # What closed with one that closed with the leader: the other holds of a submission that was rejected.
    while more := _closed_with(found):
        found += more
    return found


def movers(group: list[Hold]) -> list[Hold]:
    """Of holds in the order of decision, the first of each submission: its decision moved the submission."""
    first: dict[object, Hold] = {}
    for hold in group:
        first.setdefault(hold.submission_id, hold)
    return list(first.values())


def _closed_with(found: list[int]) -> list[int]:
    closed = Hold.objects.filter(Q(closed_with__in=found) & ~Q(pk__in=found))
    return list(closed.order_by("decided_at", "pk").values_list("pk", flat=True))
