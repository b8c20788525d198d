"""Every effective value with its origin: environment settings and policy, secrets masked."""

from dataclasses import dataclass

from prism_site.config import Environment, env
from prism_site.config_errors import shown
from prism_site.config_sources import stray_names
from prism_site.policy.environment import BACKED_BY
from prism_site.policy.form_fields import as_text
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, leaves
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.walk import explain, unit, walk


@dataclass(frozen=True)
class Line:
    """One value; `origin` is `SQL row 12`, `environment` or `default`."""

    name: str
    value: Json
    origin: str
    about: str
    unit: str = ""

    @property
    def text(self) -> str:
        """The value for a reader, with its unit; nothing for null."""
        return "" if self.value is None else f"{as_text(self.value)} {self.unit}".strip()


def environment_lines() -> list[Line]:
    """The environment settings in force."""
    return [environment_line(env(), name) for name in Environment.model_fields]


def environment_line(settings: Environment, name: str) -> Line:
    field = Environment.model_fields[name]
    value = getattr(settings, name)
    origin = "environment" if name in settings.model_fields_set else "default"
    about = field.description or ""
    if name in BACKED_BY:
        about = f"falls back for {about}"
    plain = value if value is None or isinstance(value, int) else shown(field, value)
    return Line(f"PRISM_{name.upper()}", plain, origin, about)


def policy_lines(policy: Policy) -> dict[str, list[Line]]:
    """The fields of every policy key."""
    return {key: key_lines(policy, key) for key in SCHEMAS}


def key_lines(policy: Policy, key: str) -> list[Line]:
    values = leaves(getattr(policy, key).model_dump(mode="json"))
    lines = []
    for path, field in walk(SCHEMAS[key]):
        origin: str = policy.origins[key][path]
        if origin == "sql":
            origin = f"SQL row {policy.row_ids[key]}"
        lines.append(Line(path, values[path], origin, explain(field), unit(field)))
    return lines


def stray_variables() -> list[str]:
    """Variables that look like settings and are none."""
    return stray_names(Environment.model_fields)
