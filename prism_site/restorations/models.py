"""When a backup was put in place of what there was."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from prism_site.insert_only import InsertOnly, InsertOnlyManager


class Restoration(InsertOnly):
    """What happened between `backup_taken_at` and `restored_at` is gone from the rows, not from the world."""

    backup_taken_at = models.DateTimeField()
    restored_at = models.DateTimeField()
    manifest_sha256 = models.CharField(max_length=64)
    fence = models.PositiveIntegerField()  # every token of an earlier attempt is smaller

    objects = InsertOnlyManager()

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(restored_at__gte=F("backup_taken_at")), name="restored_after_the_backup"
            ),
        ]

    def __str__(self) -> str:
        return f"the backup of {self.backup_taken_at:%Y-%m-%d %H:%M} UTC"


def forgotten_until(moment: datetime) -> datetime:
    """When the time that a restore made us forget, and that holds `moment`, was over; else `moment`."""
    gaps = Restoration.objects.filter(restored_at__gte=moment, backup_taken_at__lt=moment)
    until = gaps.aggregate(until=models.Max("restored_at"))["until"]
    return until or moment
