"""What one reviewer concluded about a submission."""

from django.db import models

from evaluations.models import Submission


class Review(models.Model):
    """Written once per reviewer; the worst outcome of a submission's reviews decides."""

    class Reviewer(models.TextChoices):
        """Who looked, in the order in which a submission meets them."""

        CONTRACT = "contract", "Contract"  # parses, defines what a run calls
        STATIC = "static", "Static checks"  # rules over the source
        DESCRIBE = "describe", "Description"  # builds the model in the sandbox
        DUPLICATES = "duplicates", "Duplicates"  # earlier work that it resembles
        LLM = "llm", "LLM reviewer"  # quoted evidence

    class Outcome(models.TextChoices):
        """The rungs of `reviews.ladder.Outcome`, by name."""

        PASS = "pass", "Pass"
        FLAG = "flag", "Flag"
        HOLD = "hold", "Hold"
        QUARANTINE = "quarantine", "Quarantine"
        REJECT = "reject", "Reject"

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.CharField(max_length=20, choices=Reviewer)
    outcome = models.CharField(max_length=10, choices=Outcome)
    confidence = models.FloatField(default=1.0)  # 1 for deterministic reviewers
    findings = models.JSONField(default=list)  # [reviews.ladder.Finding as JSON]
    duration_seconds = models.FloatField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "reviewer"], name="review_once_per_reviewer"),
            models.CheckConstraint(
                condition=models.Q(confidence__gte=0.0, confidence__lte=1.0),
                name="review_confidence_is_a_share",
            ),
        ]
        ordering = ["created_at"]
        permissions = [("resolve_hold", "Can resolve holds")]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.outcome}"
