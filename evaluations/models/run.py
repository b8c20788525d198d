"""One execution of the runner that a submission needs."""

import uuid

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode, RunState, Verdict
from evaluations.models.submission import Submission


class Run(models.Model):
    """A scored run over all its attempts; exactly one attempt's manifest is ever taken."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="runs")
    mode = models.CharField(max_length=20, choices=Mode)
    seed = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    attempts_made = models.PositiveIntegerField(default=0)
    fencing_token = models.PositiveIntegerField(default=0)  # of the newest attempt; older ones may not write
    policy_row_ids = models.JSONField(default=dict)
    yardsticks = models.JSONField(default=dict)  # {"bytes": [...], "ppmd_bits": [...]} at the chunk cuts
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True)
    code = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "mode", "seed"], name="run_once_per_seed"),
            models.CheckConstraint(
                condition=Q(state=RunState.FINISHED, manifest__isnull=False, finished_at__isnull=False)
                | (~Q(state=RunState.FINISHED) & Q(manifest__isnull=True, verdict="")),
                name="run_finished_means_manifest",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="run_queue")]

    def __str__(self) -> str:
        return f"run {self.id} ({self.state})"
