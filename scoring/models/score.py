"""The score of a completed submission."""

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode
from evaluations.models import Run, Submission


class Score(models.Model):
    """What a submission's runs are worth, with every number behind it; `scoring.actions` writes it."""

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.PROTECT, related_name="score"
    )
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="score")
    hotkey = models.CharField(max_length=64)
    mode = models.CharField(max_length=20, choices=Mode)
    epoch = models.BigIntegerField()  # of the submission's acceptance
    accepted_at = models.DateTimeField()
    bpb = models.FloatField()  # prequential bits per byte, the mean over seeds
    bpb_se = models.FloatField()  # standard error of sampling windows; 0 where every window was scored
    bpb_sd = models.FloatField(null=True, blank=True)  # standard deviation over seeds; null for one
    seeds = models.JSONField(default=list)  # of the runs, in their order; `run` is the first
    heldout_delta = models.FloatField(null=True, blank=True)
    multiplier = models.FloatField()
    penalty = models.FloatField()
    final_score = models.FloatField()
    # The hotkey's best of its mode: the leaderboard's entry.
    best_in_mode = models.BooleanField(default=False)
    blend_score = models.FloatField(null=True, blank=True)  # of `quality`; null until both sides are measured
    # The hotkey's best of its mode by `blend_score`, among what stands: the other leaderboard's entry.
    best_by_blend = models.BooleanField(default=False)
    policy_row_ids = models.JSONField(default=dict)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mode", "hotkey"], condition=Q(best_in_mode=True), name="score_one_best_per_hotkey"
            ),
            models.UniqueConstraint(
                fields=["mode", "hotkey"], condition=Q(best_by_blend=True), name="score_one_best_blend"
            ),
        ]
        indexes = [
            models.Index(
                fields=["mode", "-final_score", "accepted_at", "submission"],
                condition=Q(best_in_mode=True),
                name="score_leaderboard",
            ),
            models.Index(
                fields=["mode", "-blend_score", "accepted_at", "submission"],
                condition=Q(best_by_blend=True),
                name="score_leaderboard_blend",
            ),
            models.Index(
                fields=["mode", "hotkey"],
                condition=Q(blend_score__isnull=False),
                name="score_blends_of_hotkey",
            ),
            models.Index(fields=["mode", "epoch", "-final_score"], name="score_by_epoch"),
        ]

    def __str__(self) -> str:
        return f"{self.final_score:.6f} ({self.submission_id})"
