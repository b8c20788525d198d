"""A conversation with the LLM reviewer, kept for whoever may read it."""

from django.db import models
from django.db.models import Q

from evaluations.models import Submission


class Transcript(models.Model):
    """One attempt at an LLM review, whole and with its secrets redacted; `reviews.llm.review` is its writer.

    Sensitive: it holds the source, the prompt and the model's words. Readable with `reviews.view_transcript`.
    """

    class Outcome(models.TextChoices):
        """How the conversation ended."""

        ALLOW = "allow", "Allow"
        REJECT = "reject", "Reject"
        SUSPICIOUS = "suspicious", "Suspicious"
        FAILED = "failed", "No verdict"  # `error_code` says why

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="transcripts")
    created_at = models.DateTimeField()
    model = models.CharField(max_length=200, blank=True)  # asked for; empty where none is configured
    answered_by = models.CharField(max_length=200, blank=True)  # as the gateway names it
    prompt_version = models.CharField(max_length=64)
    messages = models.JSONField(default=list)  # everything that was sent
    exchanges = models.JSONField(default=list)  # [{tool, tries: [{seconds, error, detail, received}]}]
    diagram = models.TextField(blank=True)
    verdict = models.JSONField(null=True, blank=True)  # the arguments of submit_verdict
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    latency_seconds = models.FloatField(default=0.0)
    outcome = models.CharField(max_length=10, choices=Outcome)
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ("view",)  # nobody adds, changes or deletes what was said
        constraints = [
            models.CheckConstraint(
                condition=(Q(outcome="failed", verdict__isnull=True) & ~Q(error_code=""))
                | (~Q(outcome="failed") & Q(error_code="", verdict__isnull=False)),
                name="transcript_has_verdict_or_error",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.outcome}"
