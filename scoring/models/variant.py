"""Training recipes within a family."""

import uuid

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode
from evaluations.models import Submission
from scoring.models.family import Family


class Variant(models.Model):
    """One training hash; it is its first submission's hotkey's. `scoring.ownership` writes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mode = models.CharField(max_length=20, choices=Mode)  # of the family
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="variants")
    training_hash = models.CharField(max_length=64)
    hotkey = models.CharField(max_length=64)
    first = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    best = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")  # of the same hotkey
    best_score = models.FloatField()
    members = models.PositiveIntegerField()  # submissions that stand for it; 0: it stands no more
    created_at = models.DateTimeField()  # when its first submission was accepted

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "training_hash"], name="variant_once_per_family"),
        ]
        indexes = [
            models.Index(fields=["mode", "training_hash"], name="variant_by_training"),
            models.Index(fields=["family", "-best_score", "id"], name="variant_rank"),
            models.Index(
                fields=["mode", "-created_at", "id"], condition=Q(members__gt=0), name="variant_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"variant {self.id}"
