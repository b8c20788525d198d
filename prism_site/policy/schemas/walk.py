"""Walks a schema: every field by its dotted path, groups opened."""

from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from prism_site.allowed import allowed
from prism_site.policy.schemas.base import PolicySchema


def walk(schema: type[PolicySchema], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """(`local_cpu_smoke.byte_budget`, its field) for every field that is no group."""
    for name, field in schema.model_fields.items():
        if group := group_of(field):
            yield from walk(group, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def group_of(field: FieldInfo) -> type[PolicySchema] | None:
    """The schema of a field that is a group of fields."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, PolicySchema) else None


def defaults(schema: type[PolicySchema]) -> dict[str, Any]:
    """The lowest layer of a key, as JSON."""
    return schema().model_dump(mode="json")


def unit(field: FieldInfo) -> str:
    """The unit of a number, or ""."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def explain(field: FieldInfo) -> str:
    """What a field is and takes: `text of a run (bytes; a whole number, at least 1)`."""
    return f"{field.description} ({'; '.join(filter(None, [unit(field), allowed(field)]))})"
