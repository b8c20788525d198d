"""What a submission's architecture and its training are worth, with everything that this follows from."""

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode
from evaluations.models import Submission


class Quality(models.Model):
    """The account of q_arch and q_recipe; `scoring.qualities` writes it, anew when a missing part came."""

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.PROTECT, related_name="quality"
    )
    mode = models.CharField(max_length=20, choices=Mode)
    q_arch = models.FloatField(null=True, blank=True)
    q_recipe = models.FloatField(null=True, blank=True)
    blend_score = models.FloatField(null=True, blank=True)
    architecture = models.JSONField(
        default=list
    )  # lines, the fields of `scoring.components.component.Component`
    training = models.JSONField(default=list)  # the same
    runs = models.JSONField(default=dict)  # {submission, reference, baseline: [run id, one per seed]}
    policy_row_ids = models.JSONField(default=dict)
    awaited = models.JSONField(default=dict)  # {run id: state} of those that may still add to it, as measured
    awaits_runs = models.BooleanField(default=False)  # whether there are any
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "qualities"
        constraints = [
            models.CheckConstraint(
                condition=Q(blend_score__isnull=True) | Q(q_arch__isnull=False, q_recipe__isnull=False),
                name="quality_blend_needs_both",
            ),
        ]
        indexes = [
            models.Index(fields=["computed_at"], condition=Q(awaits_runs=True), name="quality_awaiting"),
        ]

    def __str__(self) -> str:
        return f"quality of {self.submission_id}"
