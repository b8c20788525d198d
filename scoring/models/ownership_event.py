"""The append-only history of who owns what."""

from django.db import models

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.insert_only import InsertOnly, InsertOnlyManager
from scoring.models.family import Family
from scoring.models.variant import Variant


class OwnershipIsHistory(Exception):
    """An event never changes and never goes."""

    code = "ownership_is_history"


class OwnershipEvent(InsertOnly):
    """One thing that changed about a family, with what it followed from; `scoring.ownership` writes it."""

    class Kind(models.TextChoices):
        """What happened."""

        DISCOVERED = "discovered", "Family discovered"
        DISCOVERER_CHANGED = "discoverer_changed", "An earlier submission is the discoverer"
        JOINED = "joined", "Submission joined"
        WITHDRAWN = "withdrawn", "Submission withdrawn"
        CANONICAL_CHANGED = "canonical_changed", "Better version"
        VARIANT_ADDED = "variant_added", "Training variant added"
        VARIANT_CHANGED = "variant_changed", "Training variant changed"
        VARIANT_REMOVED = "variant_removed", "Training variant gone"
        BEST_CHANGED = "best_changed", "Current best changed"
        DISSOLVED = "dissolved", "Family dissolved"
        HELD = "held", "Attribution held"
        UNCLAIMED = "unclaimed", "Released without a claim"
        REJECTED = "rejected", "Attribution rejected"

    refusal = OwnershipIsHistory

    mode = models.CharField(max_length=20, choices=Mode)
    kind = models.CharField(max_length=20, choices=Kind)
    family = models.ForeignKey(Family, null=True, blank=True, on_delete=models.PROTECT, related_name="events")
    variant = models.ForeignKey(
        Variant, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="ownership_events")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    by = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    objects = InsertOnlyManager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["family", "-id"], name="ownership_event_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.submission_id}"
