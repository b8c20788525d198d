"""The prequential curve of an attempt, one row a chunk."""

from django.db import models

from evaluations.models.attempt import Attempt


class CurvePoint(models.Model):
    """Code length up to the end of one chunk; all totals are cumulative over the stream."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="points")
    index = models.PositiveIntegerField()  # of the chunk
    stream_bytes = models.BigIntegerField()
    bits = models.FloatField()
    chunk_bytes = models.IntegerField()
    chunk_bits = models.FloatField()
    tokens = models.BigIntegerField()
    seconds = models.FloatField()  # of wall time since the run began
    nonfinite = models.PositiveIntegerField(default=0)  # positions of this chunk charged as p = 0

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "index"], name="curve_point_once"),
        ]
        ordering = ["index"]
