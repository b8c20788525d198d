"""What building and questioning a submission's model has shown, before any run."""

from django.db import models

from evaluations.models import Submission


class Description(models.Model):
    """Facts of one description in the sandbox; `reviews.describe.store` is its one writer."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="description")
    verdict = models.CharField(max_length=10)  # described, rejected, failed
    code = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)  # model, step0, causality, seed_invariant, sandbox
    traceback = models.TextField(blank=True)  # the submission's own, where its code raised
    duration_seconds = models.FloatField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.code} {self.submission_id}"
