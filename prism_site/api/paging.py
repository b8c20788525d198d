"""Keyset pages: a cursor names the last row that was seen, so that pages neither repeat nor skip."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers

from prism_site.api.problems import Problem

MAX_LIMIT = 200
DEFAULT_LIMIT = 50

M = TypeVar("M", bound=Model)
T = TypeVar("T")


class PageQuery(serializers.Serializer[Any]):
    """`?cursor=&limit=` of every list."""

    cursor = serializers.CharField(required=False, max_length=400, help_text="`next_cursor` of the last page")
    limit = serializers.IntegerField(required=False, default=DEFAULT_LIMIT, min_value=1, max_value=MAX_LIMIT)


def encode_cursor(*values: Any) -> str:
    """An opaque, URL-safe text of the values that order a list."""
    text = json.dumps(values, separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The values behind a cursor; `Problem` 400 `cursor_malformed` for anything that is not one."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError
        return tuple(type_(value) for type_, value in zip(types, values, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise Problem(400, "cursor_malformed", "Take the cursor from `next_cursor`.") from error


def instant(value: Any) -> datetime:
    """A time out of a cursor; a time without a zone is not one."""
    if not isinstance(value, str):
        raise TypeError
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError
    return time.astimezone(UTC)


def identifier(value: Any) -> UUID:
    """A UUID out of a cursor."""
    if not isinstance(value, str):
        raise TypeError
    return UUID(value)


def newest_first(rows: QuerySet[M], cursor: str | None, limit: int) -> tuple[list[M], str | None]:
    """One page of rows with `created_at` and a UUID `id`, and the cursor of the next page if there is one."""
    if cursor:
        at, pk = decode_cursor(cursor, instant, identifier)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk), created_at__lte=at)
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    return page_of(found, limit, lambda row: encode_cursor(row.created_at.isoformat(), row.pk))  # type: ignore[attr-defined]


def page_of(found: list[T], limit: int, cursor_of: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Cut a list that was read one row too far; that row's presence says that another page exists."""
    if len(found) <= limit:
        return found, None
    return found[:limit], cursor_of(found[limit - 1])
