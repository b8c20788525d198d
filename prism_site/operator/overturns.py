"""How often each rule stopped a submission, and how often operators let it go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from reviews.models import Hold


@dataclass(frozen=True, kw_only=True)
class Overturn:
    """Holds of one kind and reason."""

    kind: Hold.Kind
    reason_code: str
    opened: int
    confirmed: int
    overturned: int  # a person let it go on
    expired: int

    @property
    def rate(self) -> float | None:
        """The share of decided holds that were overturned; none where nobody has decided."""
        decided = self.confirmed + self.overturned
        return self.overturned / decided if decided else None

    @property
    def percent(self) -> float | None:
        """The same, 0 to 100."""
        return None if self.rate is None else 100 * self.rate


def overturns() -> list[Overturn]:
    """Every rule that has opened a hold, the most frequent first; one query."""
    resolved, confirm = Q(status=Hold.Status.RESOLVED), Q(decision=Hold.Decision.CONFIRM)
    rows = Hold.objects.order_by().values("kind", "reason_code").annotate(
        opened=Count("pk"),
        confirmed=Count("pk", filter=resolved & confirm),
        overturned=Count("pk", filter=resolved & ~confirm),
        expired=Count("pk", filter=Q(status=Hold.Status.EXPIRED)),
    )  # fmt: skip
    return [_line(row) for row in rows.order_by("-opened", "kind", "reason_code")]


def _line(row: Mapping[str, Any]) -> Overturn:
    return Overturn(**{**row, "kind": Hold.Kind(row["kind"])})
