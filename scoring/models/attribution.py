"""What was decided about whose a scored submission is."""

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode
from evaluations.models import Submission
from scoring.models.family import Family


class Attribution(models.Model):
    """The decision of one submission, with what a family is folded from; `scoring.ownership` writes it."""

    class State(models.TextChoices):
        """What it counts for."""

        STANDING = "standing", "Stands in its family"
        HELD = "held", "Waits for an operator"
        UNCLAIMED = "unclaimed", "Stands without claiming anything"  # released, and nobody said whose it is
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, primary_key=True, related_name="attribution"
    )
    mode = models.CharField(max_length=20, choices=Mode)
    hotkey = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    scored_at = models.DateTimeField()
    final_score = models.FloatField()
    graph_hash = models.CharField(max_length=64, blank=True)
    architecture_hash = models.CharField(max_length=64, blank=True)
    training_hash = models.CharField(max_length=64, blank=True)  # empty where no training is claimed
    state = models.CharField(max_length=10, choices=State)
    family = models.ForeignKey(
        Family, null=True, blank=True, on_delete=models.PROTECT, related_name="attributions"
    )
    takes_best = models.BooleanField(null=True, blank=True)  # by an operator's word; null: as it compares
    compared = models.JSONField(default=dict)  # {id of another submission: `paired` verdict of this over it}
    decision = models.JSONField()  # `scoring.attribution_facts.Decision` as JSON
    by = models.CharField(max_length=120)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="standing") | Q(family__isnull=False),
                name="attribution_stands_in_a_family",
            ),
        ]
        indexes = [
            models.Index(
                fields=["family", "accepted_at", "submission"],
                condition=Q(state="standing"),
                name="attribution_members",
            ),
            models.Index(fields=["mode", "scored_at"], name="attribution_scored"),
        ]

    def __str__(self) -> str:
        return f"attribution of {self.submission_id} ({self.state})"
