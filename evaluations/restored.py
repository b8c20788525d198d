"""After a restore: nothing that began before it may write into what was restored.

The epoch of a fence is the time of the restore. Attempts that were started after the backup are unknown to
the restored rows, so counting on from their tokens would meet the same tokens again, and so would a number
that a second restore of the same backup reads and raises. A run is claimed less than once a second, so the
clock is always ahead of the tokens.
"""

from datetime import UTC, datetime

from django.db import transaction

from evaluations.attempts import lose
from evaluations.enums import RunState
from evaluations.models import Attempt, Run
from evaluations.models.attempt import LIVE_STATES
from prism_site.restorations.models import Restoration

REASON = "restored"
EPOCH_ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def begin_again(*, backup_taken_at: datetime, manifest_sha256: str, now: datetime) -> int:
    """Void every attempt from before `now` and note the restore; give how many were live in the backup.

    Voided runs wait for their turn again, and none has burnt an allowance.
    """
    fence = fence_at(now)
    with transaction.atomic():
        live = Attempt.objects.filter(state__in=LIVE_STATES).order_by("pk")
        detail = f"a backup was restored, taken {backup_taken_at:%Y-%m-%d %H:%M:%S} UTC"
        voided = sum(lose(attempt, reason=REASON, detail=detail, counted=False) for attempt in live)
        Run.objects.exclude(state=RunState.FINISHED).filter(fencing_token__lt=fence).update(
            fencing_token=fence
        )
        Restoration.objects.create(
            backup_taken_at=backup_taken_at, restored_at=now, manifest_sha256=manifest_sha256, fence=fence
        )
    return voided


def fence_at(now: datetime) -> int:
    """Seconds since `EPOCH_ZERO`: larger than any token handed out before `now`."""
    return max(0, int((now - EPOCH_ZERO).total_seconds()))
