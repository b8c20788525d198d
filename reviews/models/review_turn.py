"""Who carries out a review of a submission at this moment."""

from django.db import models

from evaluations.models import Submission


class ReviewTurn(models.Model):
    """A lease: reviews take seconds to minutes, and the queue may deliver the same message twice."""

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.PROTECT, related_name="review_turn"
    )
    reviewer = models.CharField(max_length=20)
    token = models.UUIDField()  # of the worker that has it
    expires_at = models.DateTimeField(db_index=True)  # by the database's clock

    def __str__(self) -> str:
        return f"{self.reviewer} of {self.submission_id}"
