"""What a draft changes about the values in force, field by field. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from prism_site.policy.form_fields import as_text
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, Origin, leaves
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.walk import unit, walk

ORIGIN_WORDS: dict[Origin, str] = {"sql": "the row", "environment": "environment", "default": "default"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field; `before` and `after` are values, `origin_*` the layers that they come from."""

    field: str
    unit: str
    before: Json
    after: Json
    origin_before: Origin
    origin_after: Origin

    @property
    def is_value(self) -> bool:
        """Whether the value differs; otherwise only who sets it."""
        return bool(self.before != self.after)

    @property
    def texts(self) -> tuple[str, str]:
        """Both values as one would type them."""
        return as_text(self.before), as_text(self.after)

    @property
    def origins(self) -> tuple[str, str]:
        """Both layers in words."""
        return ORIGIN_WORDS[self.origin_before], ORIGIN_WORDS[self.origin_after]


def changes(before: Policy, after: Policy, key: str) -> list[Change]:
    """The fields of a key that differ in value or in origin, in the order of the schema."""
    values, others = _values(before, key), _values(after, key)
    found = [
        Change(
            field=path,
            unit=unit(field),
            before=values[path],
            after=others[path],
            origin_before=before.origins[key][path],
            origin_after=after.origins[key][path],
        )
        for path, field in walk(SCHEMAS[key])
    ]
    return [each for each in found if each.is_value or each.origin_before != each.origin_after]


def row_changes(before: Json, after: Json) -> list[tuple[str, str, str]]:
    """(field, from, to) between what two rows set; "" where a row does not set it."""
    earlier, later = _texts(before), _texts(after)
    names = dict.fromkeys([*earlier, *later])
    found = [(name, earlier.get(name, ""), later.get(name, "")) for name in names]
    return [each for each in found if each[1] != each[2]]


def _values(policy: Policy, key: str) -> dict[str, Json]:
    return leaves(getattr(policy, key).model_dump(mode="json"))


def _texts(value: Json) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {} if value is None else {"value": str(value)}
    return {path: as_text(inner) for path, inner in leaves(value).items()}
