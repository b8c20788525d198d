"""Writing the history of holds."""

from typing import Any

from django.utils import timezone

from reviews.models import Hold, HoldEvent

SHOWN = ("status", "decision", "decided_by", "note", "resolution", "claimed_by", "version")


def picture(hold: Hold) -> dict[str, Any]:
    """What a hold is at this moment, as far as anyone can change it."""
    return {name: getattr(hold, name) for name in SHOWN}


def record(
    hold: Hold,
    verb: HoldEvent.Verb,
    *,
    by: str,
    before: dict[str, Any],
    after: dict[str, Any] | None = None,
    note: str = "",
) -> HoldEvent:
    """Add what happened to a hold whose row the caller has locked or just made."""
    return HoldEvent.objects.create(
        hold=hold,
        at=timezone.now(),
        by=by,
        verb=verb,
        before=before,
        after=picture(hold) if after is None else after,
        note=note,
    )
