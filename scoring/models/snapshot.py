"""The weights of an ended epoch, as they were when it ended."""

from django.db import models
from django.db.models import F, Q

from evaluations.enums import Mode
from prism_site.insert_only import InsertOnly, InsertOnlyManager


class SnapshotIsHistory(Exception):
    """A snapshot never changes and never goes."""

    code = "snapshot_is_history"


class WeightSnapshot(InsertOnly):
    """Exactly one for each ended epoch; `scoring.snapshots` takes it."""

    refusal = SnapshotIsHistory

    epoch = models.BigIntegerField(unique=True)  # unix seconds at which it began
    epoch_seconds = models.PositiveIntegerField()
    ends_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    taken_late = models.BooleanField()  # of what stood at `taken_at`, which may be less than stood at the end
    mode = models.CharField(max_length=20, choices=Mode)
    official = models.BooleanField()  # otherwise a preview: nothing was exported
    weights = models.JSONField()  # by hotkey
    explanation = models.JSONField()  # by hotkey, the fields of `scoring.weights.Share`
    submissions = models.JSONField()  # the ids of those that contribute, the best first
    policy_row_ids = models.JSONField()
    inputs = models.JSONField()  # families and pools: what the weights follow from
    inputs_sha256 = models.CharField(max_length=64)

    objects = InsertOnlyManager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(taken_at__gte=F("ends_at")), name="snapshot_after_the_end"),
        ]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class SnapshotTurn(models.Model):
    """One row that is locked to take a snapshot, or to undo what one would have made final."""

    class Meta:
        default_permissions = ()
