"""The queue of holds: those that are asked for, the most urgent first, and what is shown of each."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, F, FloatField, IntegerField, Q, QuerySet, When
from django.utils import timezone

from evaluations.enums import Mode, Status
from prism_site.operator.claims import Claim, claim_of, claimed_by, unclaimed
from reviews.models import Hold
from scoring.models import Score

Claimed = Literal["", "me", "none"]
LONGEST = 64  # of a filter
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What of the queue is asked for, as it stands in the URL; what is asked wrongly gets the default."""

    status: Hold.Status = Hold.Status.OPEN
    kind: str = ""
    reason: str = ""
    claimed: Claimed = ""
    hotkey: str = ""
    q: str = ""  # in a submission's id or name, or in the summary

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Filters":
        """Read a query string."""
        status, kind, claimed = (query.get(name, "") for name in ("status", "kind", "claimed"))
        return cls(
            status=Hold.Status(status) if status in Hold.Status.values else Hold.Status.OPEN,
            kind=kind if kind in Hold.Kind.values else "",
            reason=query.get("reason", "").strip()[:LONGEST],
            claimed=claimed if claimed in get_args(Claimed) else "",  # type: ignore[arg-type]  # checked beside it
            hotkey=query.get("hotkey", "").strip()[:LONGEST],
            q=query.get("q", "").strip()[:LONGEST],
        )

    @property
    def query(self) -> str:
        """The filters as a query string; empty for the default."""
        default = Filters()
        asked = {name: value for name, value in vars(self).items() if value != getattr(default, name)}
        return urlencode(asked)

    def like(self, hold: Hold) -> "Filters":
        """The same with the kind and reason of a hold: what can be decided together with it."""
        return replace(self, kind=hold.kind, reason=hold.reason_code)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the queue; `hold.submission` is loaded."""

    hold: Hold
    claim: Claim | None
    overdue: bool
    would_rank: int | None  # among those who earn weight, if it were let go on; none without a score


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a hold stands in the queue, and its neighbours; `number` is none for one outside it."""

    number: int | None
    total: int
    before: int | None
    after: int | None


def holds(filters: Filters, *, by: str) -> QuerySet[Hold]:
    """The holds that are asked for; open ones by urgency, the others by when they ended."""
    now = timezone.now()
    found = Hold.objects.select_related("submission").filter(asked(filters, by=by))
    if filters.status != Hold.Status.OPEN:
        return found.order_by("-decided_at", "-pk")
    late = Case(When(due_at__lt=now, then=0), default=1, output_field=IntegerField())
    preview = Case(
        When(submission__mode=Mode.LOCAL_CPU_SMOKE, then=1), default=0, output_field=IntegerField()
    )
    urgent = found.annotate(late=late, preview=preview, potential=_potential_score())
    return urgent.order_by("late", "preview", F("potential").desc(nulls_last=True), "created_at", "pk")


def rows(found: Iterable[Hold], *, by: str) -> list[Row]:
    """What is shown of each hold; one query for all, and only where one of them has a score."""
    now, shown = timezone.now(), list(found)
    standings = _standings({hold.submission.mode for hold in shown if _potential(hold) is not None})
    return [
        Row(
            hold=hold,
            claim=claim_of(hold, now=now, me=by),
            overdue=hold.status == Hold.Status.OPEN and hold.due_at < now,
            would_rank=_rank(_potential(hold), standings.get(hold.submission.mode, [])),
        )
        for hold in shown
    ]


def place_of(hold_id: int, found: QuerySet[Hold]) -> Place:
    """Where a hold stands among those that are asked for."""
    ids = list(found.values_list("pk", flat=True))
    if hold_id not in ids:
        return Place(number=None, total=len(ids), before=None, after=ids[0] if ids else None)
    at = ids.index(hold_id)
    return Place(
        number=at + 1,
        total=len(ids),
        before=ids[at - 1] if at else None,
        after=ids[at + 1] if at + 1 < len(ids) else None,
    )


def asked(filters: Filters, *, by: str) -> Q:
    """The condition on holds that the filters mean for this operator, at this moment."""
    now, asked = timezone.now(), Q(status=filters.status)
    if filters.kind:
        asked &= Q(kind=filters.kind)
    if filters.reason:
        asked &= Q(reason_code=filters.reason)
    if filters.claimed:
        asked &= claimed_by(by, now) if filters.claimed == "me" else unclaimed(now)
    if filters.hotkey:
        asked &= Q(submission__hotkey=filters.hotkey)
    if filters.q:
        asked &= _text(filters.q)
    return asked


def _text(asked: str) -> Q:
    found = Q(submission__name__icontains=asked) | Q(summary__icontains=asked)
    try:
        return found | Q(submission_id=UUID(asked))
    except ValueError:
        return found


def _potential_score() -> Case:
    """What a hold may keep from the weights: the score that the submission would have."""
    score = F("submission__score__penalty") / (1.0 + F("submission__score__bpb"))
    return Case(When(submission__score__isnull=False, then=score), output_field=FloatField())


def _potential(hold: Hold) -> float | None:
    value: float | None = getattr(hold, "potential", None)
    return value


def _standings(modes: set[str]) -> dict[str, list[float]]:
    """The scores that earn weight, negated and so in rising order, by mode."""
    if not modes:
        return {}
    earning = Score.objects.filter(
        mode__in=modes, best_in_mode=True, multiplier=1.0, submission__status=Status.COMPLETED
    )
    found: dict[str, list[float]] = {mode: [] for mode in modes}
    for mode, score in earning.order_by("-final_score").values_list("mode", "final_score"):
        found[mode].append(-score)
    return found


def _rank(potential: float | None, standings: list[float]) -> int | None:
    return None if potential is None else bisect_left(standings, -potential) + 1
