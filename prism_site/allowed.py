"""Says in words what a pydantic field allows, for error lines, help texts and tables."""

import types
import typing
from pathlib import Path
from typing import Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

KINDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
    SecretStr: "a secret text",
}
BOUNDS = {Ge: "at least {0.ge}", Gt: "more than {0.gt}", Le: "at most {0.le}", Lt: "less than {0.lt}"}


def allowed(field: FieldInfo) -> str:
    """The values that `field` takes, in words: `a whole number, at least 1, at most 8, or null`."""
    kind, metadata, nullable = unwrap(field)
    parts = [kind_in_words(kind), *filter(None, map(bound_in_words, metadata))]
    if nullable:
        parts.append("or null")
    return ", ".join(parts)


def unwrap(field: FieldInfo) -> tuple[Any, list[Any], bool]:
    """(bare type, bounds, whether null is a value) of a type like `Annotated[int, Ge(1)] | None`."""
    kind, metadata = field.annotation, list(field.metadata)
    members = typing.get_args(kind) if is_union(kind) else (kind,)
    nullable = type(None) in members
    kind = next(member for member in members if member is not type(None))
    if typing.get_origin(kind) is typing.Annotated:
        kind, *extra = typing.get_args(kind)
        metadata += flat_metadata(extra)
    return kind, metadata, nullable


def is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def flat_metadata(extra: list[Any]) -> list[Any]:
    """The bounds inside `Field(...)` objects of an `Annotated`."""
    return [bound for item in extra for bound in (item.metadata if isinstance(item, FieldInfo) else [item])]


def kind_in_words(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(str(choice) for choice in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return f"a comma-separated list, each {kind_in_words(member_type(kind))}"
    if typing.get_origin(kind) is typing.Annotated:
        bare, *extra = typing.get_args(kind)
        return ", ".join([kind_in_words(bare), *filter(None, map(bound_in_words, flat_metadata(extra)))])
    return KINDS.get(kind, "a group of fields")


def member_type(kind: Any) -> Any:
    """The type of the members of `tuple[X, ...]`."""
    return typing.get_args(kind)[0]


def bound_in_words(bound: Any) -> str:
    if isinstance(bound, MinLen):
        return f"at least {bound.min_length} long"
    if isinstance(bound, MaxLen):
        return f"at most {bound.max_length} long"
    if pattern := getattr(bound, "pattern", None):
        return f"matching {pattern}"
    return BOUNDS.get(type(bound), "").format(bound)
