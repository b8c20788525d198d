"""Lays one layer of policy over another, field by field: pure values in, a checked model out."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from prism_site.policy.schemas.base import PolicySchema

Origin = Literal["sql", "environment", "default"]
Json = Any


def merge(schema: type[PolicySchema], sql: Json, environment: Json) -> tuple[PolicySchema, dict[str, Origin]]:
    """(the model, where each field comes from) of a key, for its SQL value and its environment value.

    Both values may be partial, at any depth, or None. Fields are named by dotted paths
    (`local_cpu_smoke.byte_budget`). `pydantic.ValidationError` if the whole does not validate.
    """
    defaults = schema().model_dump(mode="json")
    value = overlay(overlay(defaults, environment), sql)
    # Through JSON, and strictly: lists are tuples there, and neither "1", 1.0 nor true is the number 1.
    model = schema.model_validate_json(json.dumps(value), strict=True)
    return model, {path: origin_of(path, sql, environment) for path in leaves(defaults)}


def overlay(lower: Json, upper: Json) -> Json:
    """`upper` over `lower`: objects field by field, anything else as a whole; None above all is no layer."""
    return lower if upper is None else deep(lower, upper)


def deep(lower: Json, upper: Json) -> Json:
    if not isinstance(lower, dict) or not isinstance(upper, Mapping):
        return upper
    return lower | {name: deep(lower.get(name), value) for name, value in upper.items()}


def leaves(value: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    """Every field of a value by its dotted path."""
    found: dict[str, Json] = {}
    for name, inner in value.items():
        path = f"{prefix}{name}"
        found |= leaves(inner, f"{path}.") if isinstance(inner, Mapping) else {path: inner}
    return found


def origin_of(path: str, sql: Json, environment: Json) -> Origin:
    """The highest layer that sets the field at `path`."""
    if holds(sql, path):
        return "sql"
    return "environment" if holds(environment, path) else "default"


def holds(value: Json, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True
