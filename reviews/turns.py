"""One worker at a time reviews a submission; one at a time describes a model or waits for the LLM gateway.

A review that is slow must not take every worker of the queue: the ticks share them. Two models described at
once take each other's processors, and on a small host neither is done in time.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from evaluations.enums import Stage, Status
from evaluations.models import Submission
from reviews.models import Review, ReviewTurn

AT_ONCE = {
    Review.Reviewer.DESCRIBE: 1,
    Review.Reviewer.LLM: 1,
}  # workers; reviewers that are not named are not limited
PAUSE = timedelta(seconds=30)


@contextmanager
def turn(submission_id: UUID, reviewer: Review.Reviewer, *, seconds: float) -> Iterator[bool]:
    """Whether the block may review, which must not take longer than `seconds`.

    The turn ends with the block; where the block raises, nobody takes it up again for `PAUSE`.
    """
    token = uuid.uuid4()
    if not _take(submission_id, reviewer, token, timedelta(seconds=seconds)):
        yield False
        return
    mine = ReviewTurn.objects.filter(submission_id=submission_id, token=token)
    try:
        yield True
    except Exception:
        mine.update(expires_at=Now() + PAUSE)
        raise
    mine.delete()


def waiting(*, besides: UUID) -> UUID | None:
    """The other submission that waits longest for a review and that nobody reviews now, if any."""
    taken = ReviewTurn.objects.filter(expires_at__gte=Now()).values("submission_id")
    queued = Submission.objects.filter(stage=Stage.REVIEW, status=Status.PENDING).exclude(pk__in=taken)
    return queued.exclude(pk=besides).order_by("created_at", "pk").values_list("pk", flat=True).first()


def _take(submission_id: UUID, reviewer: Review.Reviewer, token: UUID, time: timedelta) -> bool:
    with transaction.atomic():
        if not _has_room(submission_id, reviewer):
            return False
        fields = {"reviewer": reviewer, "token": token, "expires_at": Now() + time}
        if ReviewTurn.objects.filter(submission_id=submission_id, expires_at__lt=Now()).update(**fields):
            return True
        _, created = ReviewTurn.objects.get_or_create(submission_id=submission_id, defaults=fields)
        return created


def _has_room(submission_id: UUID, reviewer: Review.Reviewer) -> bool:
    """Two that look at once may both find room: the limit keeps workers free, it guards nothing."""
    if reviewer not in AT_ONCE:
        return True
    others = ReviewTurn.objects.filter(reviewer=reviewer, expires_at__gte=Now())
    return others.exclude(submission_id=submission_id).count() < AT_ONCE[reviewer]
