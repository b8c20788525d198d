"""The digest of overdue holds: how many of which kind, how late, who is at it, what weight they hold back.

Nothing in it moves by itself but whole hours, so that a digest which says nothing new has the same ETag.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from pydantic import BaseModel

from prism_site.hold_ticks import grace
from prism_site.operator.claims import claim_of, claimed
from prism_site.operator.stakes import Stake, stake_of
from reviews.models import Hold

LISTED = 100  # holds; all of them are counted
WEIGHED = 25  # of those, the longest overdue, whose effect on the weights is computed
HOUR_SECONDS = 3600


class OverdueKind(BaseModel):
    """Overdue holds of one kind; `oldest_hours` are whole hours past the deadline of the longest overdue."""

    kind: str
    label: str
    overdue: int
    claimed: int
    oldest_due_at: datetime
    oldest_hours: int


class OverdueHold(BaseModel):
    """One of them; at `expires_at` it turns into a rejection. `stake` is none where it was not computed."""

    id: int
    kind: str
    label: str
    reason_code: str
    submission_id: UUID
    name: str
    hotkey: str
    created_at: datetime
    due_at: datetime
    overdue_hours: int
    expires_at: datetime
    claimed_by: str
    stake: Stake | None

    @property
    def claimant(self) -> str:
        """The name of whoever is looking at it."""
        return self.claimed_by.removeprefix("operator:")


class OverdueDigest(BaseModel):
    """All of it; `holds` are the longest overdue, of which the first have their stake."""

    overdue: int
    kinds: list[OverdueKind]
    holds: list[OverdueHold]

    @property
    def unlisted(self) -> int:
        """How many are counted and not listed."""
        return self.overdue - len(self.holds)

    @property
    def claimed(self) -> int:
        """How many somebody is looking at."""
        return sum(line.claimed for line in self.kinds)

    @property
    def oldest(self) -> OverdueHold | None:
        """The one that is overdue for the longest time."""
        return self.holds[0] if self.holds else None


def digest() -> OverdueDigest:
    """What is overdue at this moment."""
    now = timezone.now()
    late = Hold.objects.filter(status=Hold.Status.OPEN, due_at__lt=now)
    kinds = _kinds(late, now)
    rows = late.select_related("submission").order_by("due_at", "pk")[:LISTED]
    holds = [_line(hold, now, place < WEIGHED) for place, hold in enumerate(rows)]
    return OverdueDigest(overdue=sum(line.overdue for line in kinds), kinds=kinds, holds=holds)


def _kinds(late: QuerySet[Hold], now: datetime) -> list[OverdueKind]:
    """The kind with the oldest first; one query."""
    rows: Any = late.values("kind").order_by()
    counted = rows.annotate(
        overdue=Count("pk"), claimed=Count("pk", filter=claimed(now)), oldest=Min("due_at")
    )
    return [
        OverdueKind(
            kind=row["kind"],
            label=Hold.Kind(row["kind"]).label,
            overdue=row["overdue"],
            claimed=row["claimed"],
            oldest_due_at=row["oldest"],
            oldest_hours=_hours(now, row["oldest"]),
        )
        for row in counted.order_by("oldest")
    ]


def _line(hold: Hold, now: datetime, weighed: bool) -> OverdueHold:
    claim = claim_of(hold, now=now, me="")
    return OverdueHold(
        id=hold.pk,
        kind=hold.kind,
        label=Hold.Kind(hold.kind).label,
        reason_code=hold.reason_code,
        submission_id=hold.submission_id,
        name=hold.submission.name,
        hotkey=hold.submission.hotkey,
        created_at=hold.created_at,
        due_at=hold.due_at,
        overdue_hours=_hours(now, hold.due_at),
        expires_at=hold.due_at + grace(),
        claimed_by=claim.by if claim else "",
        stake=stake_of(hold) if weighed else None,
    )


def _hours(now: datetime, due_at: datetime) -> int:
    return int((now - due_at).total_seconds()) // HOUR_SECONDS
