"""The audit trail: what happened to holds and who did it, with the changes of policy, newest first."""

import heapq
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import JSONField, OuterRef, Q, QuerySet, Subquery

from prism_site.policy.models import RuntimeConfig
from reviews.models.hold_event import HoldEvent

What = Literal["", "decisions", "holds", "claims", "policy"]
VERBS: Mapping[What, tuple[str, ...]] = {
    "decisions": ("decide", "close", "undo"),
    "holds": ("open", "escalate", "expire"),
    "claims": ("claim", "take_over", "unclaim"),
}
CHUNK = 200
LONGEST = 64  # of a filter


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the trail; `before` and `after` are what the writer kept, whatever that is."""

    at: datetime
    by: str
    verb: str
    subject: str  # a submission's id, or a policy key
    hold_id: int | None  # none for a change of policy
    code: str
    before: Any
    after: Any
    note: str

    @property
    def who(self) -> str:
        """The person's name, or the part of the system."""
        return self.by.removeprefix("operator:")

    @property
    def changes(self) -> list["Change"]:
        """What differs between before and after, field by field."""
        before, after = _fields(self.before), _fields(self.after)
        names = [*before, *(name for name in after if name not in before)]
        found = [Change(name, before.get(name, ""), after.get(name, "")) for name in names]
        return [change for change in found if change.before != change.after]


@dataclass(frozen=True)
class Change:
    """One field of an entry; empty where it was or is absent."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What of the trail is asked for, as it stands in the URL; what is asked wrongly is left out."""

    what: What = ""
    who: str = ""
    q: str = ""  # a submission's id, a hotkey or a policy key
    since: date | None = None
    until: date | None = None  # the last day that counts

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Filters":
        """Read a query string."""
        what = query.get("what", "")
        return cls(
            what=what if what in get_args(What) else "",  # type: ignore[arg-type]  # checked beside it
            who=query.get("who", "").strip()[:LONGEST],
            q=query.get("q", "").strip()[:LONGEST],
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
        )

    @property
    def query(self) -> str:
        """The filters as a query string; empty where nothing is filtered."""
        return urlencode({name: value for name, value in vars(self).items() if value})


def entries(filters: Filters) -> Iterator[Entry]:
    """The trail under these filters, newest first, read as it is consumed."""
    sources: list[Iterator[Entry]] = []
    if filters.what != "policy":
        sources.append(map(_of_event, _events(filters).iterator(CHUNK)))
    if filters.what in {"", "policy"}:
        sources.append(map(_of_row, _rows(filters, "updated").iterator(CHUNK)))
        sources.append(map(_of_end, _rows(filters, "disabled").iterator(CHUNK)))
    return heapq.merge(*sources, key=lambda entry: entry.at, reverse=True)


def _events(filters: Filters) -> QuerySet[HoldEvent]:
    events = HoldEvent.objects.select_related("hold__submission").filter(_between(filters, "at"))
    if filters.what:
        events = events.filter(verb__in=VERBS[filters.what])
    if filters.who:
        events = events.filter(by__icontains=filters.who)
    if filters.q:
        events = events.filter(_submission(filters.q))
    return events.order_by("-at", "-pk")


def _rows(filters: Filters, end: Literal["updated", "disabled"]) -> QuerySet[RuntimeConfig]:
    """Policy rows by when they were written or ended, each with the value of the row before it."""
    older = RuntimeConfig.objects.filter(config_key=OuterRef("config_key"), pk__lt=OuterRef("pk"))
    rows = RuntimeConfig.objects.filter(_between(filters, f"{end}_at"), **{f"{end}_at__isnull": False})
    if filters.who:
        rows = rows.filter(**{f"{end}_by__icontains": filters.who})
    if filters.q:
        rows = rows.filter(config_key__icontains=filters.q)
    before = Subquery(older.order_by("-pk").values("value_json")[:1], output_field=JSONField())
    return rows.annotate(value_before=before).order_by(f"-{end}_at", "-pk")


def _of_event(event: HoldEvent) -> Entry:
    return Entry(
        at=event.at,
        by=event.by,
        verb=event.verb,
        subject=str(event.hold.submission_id),
        hold_id=event.hold_id,
        code=event.hold.reason_code,
        before=event.before,
        after=event.after,
        note=event.note,
    )


def _of_row(row: RuntimeConfig) -> Entry:
    return _of_policy(row, "set", row.updated_at, row.updated_by, row.value_before, row.value_json)  # type: ignore[attr-defined]  # annotated


def _of_end(row: RuntimeConfig) -> Entry:
    assert row.disabled_at is not None
    return _of_policy(row, "disable", row.disabled_at, row.disabled_by, row.value_json, None)


def _of_policy(row: RuntimeConfig, verb: str, at: datetime, by: str, before: Any, after: Any) -> Entry:
    return Entry(
        at=at,
        by=by,
        verb=verb,
        subject=row.config_key,
        hold_id=None,
        code=f"row {row.pk}",
        before=before,
        after=after,
        note=row.note if verb == "set" else "",
    )


def _fields(value: Any) -> dict[str, str]:
    """The members of an object as text, nested ones with dotted names."""
    if not isinstance(value, dict):
        return {} if value is None else {"value": _text(value)}
    found: dict[str, str] = {}
    for name, member in value.items():
        if isinstance(member, dict):
            found |= {f"{name}.{inner}": text for inner, text in _fields(member).items()}
        else:
            found[name] = _text(member)
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _between(filters: Filters, field: str) -> Q:
    kept = Q()
    if filters.since:
        kept &= Q(**{f"{field}__gte": datetime.combine(filters.since, time.min, UTC)})
    if filters.until:
        kept &= Q(**{f"{field}__lt": datetime.combine(filters.until, time.min, UTC) + timedelta(days=1)})
    return kept


def _submission(asked: str) -> Q:
    try:
        return Q(hold__submission_id=UUID(asked))
    except ValueError:
        return Q(hold__submission__hotkey=asked)


def _day(asked: str) -> date | None:
    try:
        return date.fromisoformat(asked)
    except ValueError:
        return None
