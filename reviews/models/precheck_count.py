"""How often a hotkey had a bundle prechecked."""

from django.db import models


class PrecheckCount(models.Model):
    """All that a precheck leaves behind; `reviews.quota` is its one writer."""

    hotkey = models.CharField(max_length=64)
    day = models.DateField()  # UTC
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hotkey", "day"], name="precheck_count_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.hotkey}: {self.count} on {self.day}"
