"""The append-only history of who owns what."""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models

from evaluations.enums import Mode
from evaluations.models import Submission
from scoring.models.family import Family
from scoring.models.variant import Variant


class OwnershipIsHistory(Exception):
    """An event never changes and never goes."""

    code = "ownership_is_history"


class OwnershipEventQuerySet(models.QuerySet["OwnershipEvent"]):
    """Events; what would edit or delete them in bulk is refused."""

    def update(self, **values: Any) -> NoReturn:
        raise OwnershipIsHistory("ownership events cannot be updated")

    def delete(self) -> NoReturn:
        raise OwnershipIsHistory("ownership events cannot be deleted")


class OwnershipEvent(models.Model):
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

    objects = OwnershipEventQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["family", "-id"], name="ownership_event_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.submission_id}"

    def save(
        self,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Insert a new row; `OwnershipIsHistory` for one that exists."""
        if not self._state.adding or force_update:
            raise OwnershipIsHistory("an ownership event cannot be edited")
        super().save(force_insert=True, using=using)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> NoReturn:
        raise OwnershipIsHistory("an ownership event cannot be deleted")
