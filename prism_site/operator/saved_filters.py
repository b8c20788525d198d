"""Filters of the queue under names: an operator's own, and those that others share with everybody."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Case, Count, IntegerField, Q, QuerySet, When
from django.utils import timezone

from prism_site.operator import queue
from prism_site.operator.models import SavedFilter
from prism_site.operator.queue import Filters
from prism_site.operator.visible import is_seen
from reviews.models import Hold

OWN_AT_MOST = 20  # of each operator
SHOWN_AT_MOST = 60  # own ones first
NAME_CHARS = 40


class FilterRefused(Exception):
    """The filter is not saved or changed; each kind has its `code`."""

    code = "filter_refused"


class FilterEmpty(FilterRefused):
    """Nothing is filtered."""

    code = "filter_empty"


class FilterNameMalformed(FilterRefused):
    """The name is missing, too long, or has characters that cannot be seen."""

    code = "filter_name_malformed"


class FilterNameTaken(FilterRefused):
    """The operator has another filter of this name."""

    code = "filter_name_taken"


class FiltersTooMany(FilterRefused):
    """The operator has as many as there may be."""

    code = "filters_too_many"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A filter as one operator sees it; `count` is of the holds that it finds now."""

    row: SavedFilter
    filters: Filters
    unknown: list[str]  # what it asks for and no longer exists; it is not counted then
    is_mine: bool
    count: int | None

    @property
    def query(self) -> str:
        """What of it is understood, as it stands in the URL."""
        return self.filters.query


def save(user: User, *, name: str, filters: Filters) -> SavedFilter:
    """Keep a filter under a name of its own; raises `FilterRefused`."""
    if not filters.query:
        raise FilterEmpty("Nothing is filtered: choose what the filter shows first.")
    name = _checked(name)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two forms at once do not pass the limit together
        if SavedFilter.objects.filter(owner=user).count() >= OWN_AT_MOST:
            raise FiltersTooMany(f"An operator keeps at most {OWN_AT_MOST} filters: delete one first.")
        row = SavedFilter(owner=user, name=name, query=filters.query, created_at=timezone.now())
        return _written(row)


def change(user: User, filter_id: int, *, name: str, is_shared: bool) -> SavedFilter:
    """Rename one's own filter, share it or share it no longer.

    Raises `SavedFilter.DoesNotExist` for one of somebody else, and `FilterRefused`.
    """
    with transaction.atomic():
        row = SavedFilter.objects.select_for_update().get(pk=filter_id, owner=user)
        row.name, row.is_shared = _checked(name), is_shared
        return _written(row)


def delete(user: User, filter_id: int) -> SavedFilter:
    """Forget one's own filter; raises `SavedFilter.DoesNotExist` for one of somebody else."""
    row = SavedFilter.objects.get(pk=filter_id, owner=user)
    SavedFilter.objects.filter(pk=row.pk).delete()
    return row


def saved_for(user: User, *, by: str) -> list[Saved]:
    """What an operator sees, own ones first, with how many holds each finds; two queries."""
    rows = list(_visible(user)[:SHOWN_AT_MOST])
    found = {row.pk: Filters.from_query(dict(parse_qsl(row.query))) for row in rows}
    lost = {row.pk: unknown(row.query) for row in rows}
    counts = _counts({pk: filters for pk, filters in found.items() if not lost[pk]}, by)
    return [
        Saved(
            row=row,
            filters=found[row.pk],
            unknown=lost[row.pk],
            is_mine=row.owner_id == user.pk,
            count=counts.get(f"filter_{row.pk}"),
        )
        for row in rows
    ]


def unknown(query: str) -> list[str]:
    """What a query asks for that is not, or no longer, understood: `colour=red`."""
    pairs = parse_qsl(query, keep_blank_values=True)
    read = vars(Filters.from_query(dict(pairs)))
    return [f"{name}={value}" for name, value in pairs if str(read.get(name, "")) != value]


def _visible(user: User) -> QuerySet[SavedFilter]:
    others = Case(When(owner=user, then=0), default=1, output_field=IntegerField())
    rows = SavedFilter.objects.select_related("owner").filter(Q(owner=user) | Q(is_shared=True))
    return rows.alias(others=others).order_by("others", "name", "pk")


def _counts(wanted: dict[int, Filters], by: str) -> dict[str, int]:
    """How many holds each filter finds, all of them in one query."""
    if not wanted:
        return {}
    asked = {
        f"filter_{pk}": Count("pk", filter=queue.asked(filters, by=by)) for pk, filters in wanted.items()
    }
    return Hold.objects.order_by().aggregate(**asked)


def _checked(name: str) -> str:
    name = " ".join(name.split(" ")).strip()
    if not 0 < len(name) <= NAME_CHARS or not all(map(is_seen, name)):
        raise FilterNameMalformed(f"A name has 1 to {NAME_CHARS} characters, all of which can be seen.")
    return name


def _written(row: SavedFilter) -> SavedFilter:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise FilterNameTaken("You have another filter of this name.") from error
    return row
