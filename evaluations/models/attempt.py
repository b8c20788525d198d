"""One try at a run, held by a lease and fenced by a token."""

from django.db import models
from django.db.models import Q

from evaluations.enums import AttemptState
from evaluations.models.run import Run

LIVE_STATES = (AttemptState.LEASED, AttemptState.RUNNING)
VALIDATOR = "validator"  # the backend of attempts that a validator carries out elsewhere


class Attempt(models.Model):
    """A job on some host. The database decides that a run has at most one live attempt."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    fencing_token = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=AttemptState, default=AttemptState.LEASED)
    backend = models.CharField(max_length=10)
    host = models.CharField(max_length=255)
    handle = models.JSONField(default=dict)  # what the backend needs to find the job again
    image = models.CharField(max_length=255, blank=True)
    lease_expires_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    policy_row_ids = models.JSONField(default=dict)
    lines_ingested = models.PositiveIntegerField(default=0)  # progress lines already turned into curve points

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["run"], condition=Q(state__in=LIVE_STATES), name="attempt_one_live_per_run"
            ),
            models.UniqueConstraint(
                fields=["host"],
                condition=Q(backend=VALIDATOR, state=AttemptState.LEASED),
                name="attempt_one_offer_per_validator",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LIVE_STATES, ended_at__isnull=True)
                | (~Q(state__in=LIVE_STATES) & Q(ended_at__isnull=False)),
                name="attempt_ended_means_dated",
            ),
        ]

    @property
    def label(self) -> str:
        """The job's name wherever it runs: unique to this attempt."""
        return f"{self.run_id}.{self.fencing_token}"
