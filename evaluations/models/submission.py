"""A bundle accepted from a hotkey, and where it stands."""

import uuid

from django.db import models
from django.db.models import Q

from evaluations.enums import Kind, Mode, Stage, Status

OPEN_STATUSES = (Status.PENDING, Status.RUNNING, Status.HELD)


class Submission(models.Model):
    """One bundle of one hotkey.

    `status`, `stage` and `reason_code` are written by `evaluations.transitions` alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hotkey = models.CharField(max_length=64)
    name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=20, choices=Kind)
    mode = models.CharField(max_length=20, choices=Mode)
    tokenizer = models.CharField(max_length=200, blank=True)
    architecture_id = models.CharField(max_length=64, blank=True)  # the family that `prism.yaml` names
    # Training for an architecture: whose architecture files it is run with, once the family was found.
    trains_for = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="trainings", null=True, blank=True
    )
    code_hash = models.CharField(max_length=64)  # SHA-256 over the canonical listing of the bundle
    epoch = models.BigIntegerField()  # unix seconds at which the epoch of acceptance began
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.RECEIVED)
    reason_code = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)  # for people: what happened, in a sentence
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hotkey", "code_hash"], name="submission_once_per_hotkey"),
            models.CheckConstraint(
                condition=Q(stage=Stage.DONE, status__in=[Status.COMPLETED, Status.FAILED, Status.REJECTED])
                | (~Q(stage=Stage.DONE) & Q(status__in=OPEN_STATUSES)),
                name="submission_done_means_decided",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[Status.FAILED, Status.REJECTED, Status.HELD]) | ~Q(reason_code=""),
                name="submission_stop_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="submission_newest"),
            models.Index(fields=["hotkey", "-created_at"], name="submission_of_hotkey"),
            models.Index(fields=["status", "stage", "created_at"], name="submission_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.kind} {self.id}"
