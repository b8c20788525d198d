"""Saying who looks at a hold, so that two operators do not do the same work.

A claim is a courtesy with an end: it lapses unless it is renewed, can be taken over, and keeps nobody from
deciding. So it never changes the hold's `version`.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from reviews.hold_history import record
from reviews.models import Hold, HoldEvent

CLAIM_TTL = timedelta(minutes=2)


class HoldChanged(Exception):
    """Another operator decided the hold in the meantime; `hold` says what, who and when."""

    code = "hold_changed"

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        super().__init__(_how_it_stands(hold))


class HoldClaimed(Exception):
    """Another operator is looking at it; `hold` says who and since when."""

    code = "hold_claimed"

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        super().__init__(f"{hold.claimed_by} has been looking at it since {hold.claimed_at:%H:%M}")


class ClaimLost(Exception):
    """The claim lapsed or was taken over; `hold` says by whom."""

    code = "claim_lost"

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        super().__init__(f"{hold.claimant or 'nobody'} is looking at it now")


def claim(hold_id: int, *, by: str, take_over: bool = False) -> Hold:
    """Say that an operator is looking at an open hold; claiming one's own again extends it.

    Raises `HoldChanged` where it is not open and `HoldClaimed` where another has it, unless taken over.
    """
    with transaction.atomic():
        hold = _open(hold_id)
        other = hold.claimant
        if other and other != by and not take_over:
            raise HoldClaimed(hold)
        if other == by:
            return _extend(hold)
        before, hold.claimed_by, hold.claimed_at = {"claimed_by": other}, by, timezone.now()
        _extend(hold)
        verb = HoldEvent.Verb.TAKE_OVER if other else HoldEvent.Verb.CLAIM
        record(hold, verb, by=by, before=before, after={"claimed_by": by})
    return hold


def renew(hold_id: int, *, by: str) -> Hold:
    """The operator is still there; raises `HoldChanged` and `ClaimLost`."""
    with transaction.atomic():
        hold = _open(hold_id)
        if hold.claimant != by:
            raise ClaimLost(hold)
        return _extend(hold)


def unclaim(hold_id: int, *, by: str) -> Hold:
    """Give a claim back; without one of one's own nothing happens."""
    with transaction.atomic():
        hold = Hold.objects.select_for_update().get(pk=hold_id)
        if hold.claimed_by != by:
            return hold
        hold.claimed_by, hold.claimed_at, hold.claim_expires_at = "", None, None
        hold.save(update_fields=["claimed_by", "claimed_at", "claim_expires_at"])
        record(hold, HoldEvent.Verb.UNCLAIM, by=by, before={"claimed_by": by}, after={"claimed_by": ""})
    return hold


def _open(hold_id: int) -> Hold:
    hold = Hold.objects.select_for_update().get(pk=hold_id)
    if hold.status != Hold.Status.OPEN:
        raise HoldChanged(hold)
    return hold


def _extend(hold: Hold) -> Hold:
    hold.claim_expires_at = timezone.now() + CLAIM_TTL
    hold.save(update_fields=["claimed_by", "claimed_at", "claim_expires_at"])
    return hold


def _how_it_stands(hold: Hold) -> str:
    if hold.status == Hold.Status.RESOLVED:
        return f"{hold.decided_by} decided in the meantime: {hold.get_decision_display()}"
    if hold.status == Hold.Status.EXPIRED:
        return "nobody decided in time: the hold has expired"
    return f"the hold was decided and reopened in the meantime: it is version {hold.version} now"
