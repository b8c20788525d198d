"""A stop that an operator resolves."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluations.models import Submission


class Hold(models.Model):
    """Opened by a check, resolved by a person; `reviews.holds` is its one writer."""

    class Kind(models.TextChoices):
        """What has to be looked at."""

        QUARANTINE = "quarantine", "Quarantine"  # a duplicate, or opaque constants
        LLM_SUSPICION = "llm_suspicion", "Suspicion of the LLM reviewer"
        INTEGRITY_ANOMALY = "integrity_anomaly", "Integrity anomaly"
        LOW_CONFIDENCE_ATTRIBUTION = "low_confidence_attribution", "Attribution of low confidence"
        NEAR_THRESHOLD = "near_threshold", "Improvement near its threshold"
        STRUCTURE_CHANGED = "structure_changed", "Structure changed"
        INFRASTRUCTURE = "infrastructure", "Infrastructure"

    class Status(models.TextChoices):
        """Whether it still stops the submission."""

        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"  # a person decided
        EXPIRED = "expired", "Expired"  # nobody did in time, which is a rejection

    class Decision(models.TextChoices):
        """What a person can decide; `reviews.holds.DECISIONS` says which kind takes which."""

        RELEASE = "release", "Release"  # goes on as it is
        LIFT_MULTIPLIER = "lift_multiplier", "Lift the multiplier"  # goes on, and its score counts
        ATTRIBUTE = "attribute", "Attribute"  # goes on, and `resolution` says whose it is
        CONFIRM = "confirm", "Confirm"  # is rejected

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=30, choices=Kind)
    reason_code = models.CharField(max_length=64)
    summary = models.TextField()  # for people, in neutral words: the public page shows it
    evidence = models.JSONField(default=dict)
    confidence = models.FloatField(default=1.0)  # 1 for deterministic checks
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True, blank=True)  # when it was found to be past `due_at`
    claimed_by = models.CharField(max_length=120, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=20, choices=Decision, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    resolution = models.JSONField(default=dict, blank=True)  # an attribution, as `reviews.attribution` reads
    # The hold whose decision closed this one too.
    closed_with = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Grows with every decision and every undo, not with claims; a stale decision is refused.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["due_at"]
        indexes = [models.Index(fields=["status", "due_at"], name="hold_queue")]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "kind"], condition=Q(status="open"), name="hold_one_open_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(status="open", decision="", decided_by="", decided_at__isnull=True, note="")
                | Q(status="expired", decision="", decided_by="", decided_at__isnull=False, note="")
                | (
                    Q(status="resolved", decided_at__isnull=False)
                    & ~Q(decision="")
                    & ~Q(decided_by="")
                    & ~Q(note="")
                ),
                name="hold_no_half_decision",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by="", claimed_at__isnull=True, claim_expires_at__isnull=True)
                | (~Q(claimed_by="") & Q(claimed_at__isnull=False, claim_expires_at__isnull=False)),
                name="hold_no_half_claim",
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0.0, confidence__lte=1.0), name="hold_confidence_is_a_share"
            ),
            models.CheckConstraint(condition=~Q(reason_code="") & ~Q(summary=""), name="hold_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.submission_id} ({self.status})"

    @property
    def claimant(self) -> str:
        """Who is looking at it at this moment; empty where nobody is."""
        live = self.claim_expires_at is not None and self.claim_expires_at > timezone.now()
        return self.claimed_by if live else ""

    @property
    def is_overdue(self) -> bool:
        """Whether it waits longer than it should."""
        return self.status == self.Status.OPEN and self.due_at < timezone.now()
