"""Who is looking at a hold: a claim is a courtesy with a time to live, and binds nobody."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from reviews.models import Hold


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A living claim, as one operator sees it."""

    by: str
    since: datetime
    is_mine: bool

    @property
    def who(self) -> str:
        """The operator's name."""
        return self.by.removeprefix("operator:")


def claim_of(hold: Hold, *, now: datetime, me: str) -> Claim | None:
    """The claim of a hold, if its holder was there lately."""
    if not hold.claimed_by or hold.claimed_at is None or hold.claim_expires_at is None:
        return None
    if hold.claim_expires_at <= now:
        return None
    return Claim(by=hold.claimed_by, since=hold.claimed_at, is_mine=hold.claimed_by == me)


def claimed_by(who: str, now: datetime) -> Q:
    """Holds that an operator is looking at."""
    return Q(claimed_by=who, claim_expires_at__gt=now)


def unclaimed(now: datetime) -> Q:
    """Holds that nobody is looking at."""
    return Q(claim_expires_at__isnull=True) | Q(claim_expires_at__lte=now)


def claimed(now: datetime) -> Q:
    """Holds that somebody is looking at."""
    return Q(claim_expires_at__gt=now)
