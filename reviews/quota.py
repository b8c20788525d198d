"""A few prechecks a day: enough to mend a bundle, too few to search for the limits of the checks."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.db.models import F

from reviews.models import PrecheckCount

PRECHECKS_A_DAY = 3


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Where a hotkey stands; a UTC day ends at `resets_at`."""

    limit: int
    used: int
    resets_at: datetime


class QuotaSpent(Exception):
    """The hotkey has had its prechecks of this UTC day."""

    code = "precheck_quota"

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"{PRECHECKS_A_DAY} prechecks per hotkey and UTC day")


def take(hotkey: str, *, now: datetime) -> Quota:
    """Count one precheck; raises `QuotaSpent`. Of several at once no more than the limit pass."""
    day = now.astimezone(UTC).date()
    resets_at = datetime.combine(day + timedelta(days=1), time(), UTC)
    with transaction.atomic():
        row, _ = PrecheckCount.objects.get_or_create(hotkey=hotkey, day=day)
        left = PrecheckCount.objects.filter(pk=row.pk, count__lt=PRECHECKS_A_DAY)
        if not left.update(count=F("count") + 1):
            raise QuotaSpent(int((resets_at - now).total_seconds()) + 1)
        PrecheckCount.objects.filter(hotkey=hotkey, day__lt=day).delete()
        row.refresh_from_db()
    return Quota(limit=PRECHECKS_A_DAY, used=row.count, resets_at=resets_at)


def give_back(hotkey: str, *, now: datetime) -> None:
    """Count one less: the precheck that was taken could not be carried out."""
    day = now.astimezone(UTC).date()
    PrecheckCount.objects.filter(hotkey=hotkey, day=day, count__gt=0).update(count=F("count") - 1)
