"""Points of a long curve beside their rows, packed, so that a million of them are read at once."""

from django.db import models

from evaluations.models.attempt import Attempt


class CurveBlock(models.Model):
    """The points of one full stretch of chunks, to which nothing can be added any more."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="blocks")
    number = models.PositiveIntegerField()  # from 0
    records = models.BinaryField()  # of `evaluations.points.RECORD`

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="curve_block_once"),
        ]
        ordering = ["number"]
