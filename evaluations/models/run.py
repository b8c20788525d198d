"""One execution of the runner: of a submission, or of a yardstick that submissions are measured by."""

import uuid

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode, RunPurpose, RunState, Verdict
from evaluations.models.submission import Submission

BASELINE = "baseline"  # stands for a submission's id where there is none


class Run(models.Model):
    """A scored run over all its attempts; exactly one attempt's manifest is ever taken.

    `submission` is whose outcome the run decides: yardsticks, references and the baseline, have none, so
    that what follows a submission's runs never meets them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=10, choices=RunPurpose, default=RunPurpose.SUBMISSION)
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, related_name="runs", null=True, blank=True
    )
    source = models.ForeignKey(  # of a reference: whose architecture files it runs
        Submission, on_delete=models.PROTECT, related_name="reference_runs", null=True, blank=True
    )
    # What decides a run under the reference recipe, hashed: `evaluations.yardsticks`; else empty.
    cache_key = models.CharField(max_length=64, blank=True)
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
            models.UniqueConstraint(
                fields=["cache_key"],
                condition=~Q(purpose=RunPurpose.SUBMISSION),
                name="run_yardstick_once",
            ),
            models.CheckConstraint(
                condition=Q(purpose=RunPurpose.SUBMISSION, submission__isnull=False, source__isnull=True)
                | Q(purpose=RunPurpose.REFERENCE, submission__isnull=True, source__isnull=False)
                | Q(purpose=RunPurpose.BASELINE, submission__isnull=True, source__isnull=True),
                name="run_purpose_names_its_files",
            ),
            models.CheckConstraint(
                condition=Q(purpose=RunPurpose.SUBMISSION) | ~Q(cache_key=""), name="run_yardstick_has_a_key"
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.FINISHED, manifest__isnull=False, finished_at__isnull=False)
                | (~Q(state=RunState.FINISHED) & Q(manifest__isnull=True, verdict="")),
                name="run_finished_means_manifest",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="run_queue"),
            models.Index(fields=["cache_key"], condition=~Q(cache_key=""), name="run_by_cache_key"),
        ]

    def __str__(self) -> str:
        return f"run {self.id} ({self.state})"

    @property
    def subject(self) -> str:
        """What the job calls the submission: the id of the one whose files are run, or `baseline`."""
        return str(self.submission_id or self.source_id or BASELINE)
