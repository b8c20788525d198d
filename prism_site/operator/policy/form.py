"""The typed form of one key as a draft is written with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError as FormError
from django.forms.boundfield import BoundField
from pydantic import ValidationError

from prism_site.allowed import allowed
from prism_site.operator.policy.drafts import Fault
from prism_site.policy.environment import environment_values
from prism_site.policy.errors import paths
from prism_site.policy.form_fields import as_text
from prism_site.policy.forms import PolicyForm, field_name, policy_form
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, Origin, leaves
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.walk import defaults, unit, walk


class DraftForm(PolicyForm):
    """As the admin's, with a code at every error and without the note, which belongs to the saving."""

    effective_from = forms.DateTimeField(  # type: ignore[assignment]  # one input instead of two
        required=False,
        label="In force from",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta(PolicyForm.Meta):
        exclude = ("note",)

    def show(self, error: ValidationError) -> None:
        """Put each problem, with its code, beside every field that it is about."""
        for problem in error.errors():
            for path in paths(problem):
                self.add_error(self.nearest_field(path), FormError(problem["msg"], code=problem["type"]))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One field of a key: what is in force and why, and its place in the form."""

    name: str
    help: str
    unit: str
    allowed: str
    value: str
    origin: str  # sql, environment or default
    below: str  # what would be in force without the layer that sets it; "" for the lowest
    bound: BoundField | None  # none for who may only read
    faults: list[Fault]

    @property
    def short(self) -> str:
        """The name within its group."""
        return self.name.rpartition(".")[2]

    @property
    def id(self) -> str:
        """The name as an HTML id."""
        return field_name(self.name)


@dataclass(frozen=True)
class Group:
    """Fields that belong together; the title is empty where the key has no groups."""

    title: str
    lines: list[Line]


def draft_form(key: str) -> type[DraftForm]:
    """The form class of one key."""
    made = type("DraftFormOfKey", (DraftForm, policy_form(key)), {"__module__": __name__})
    return cast(type[DraftForm], made)


def groups(key: str, policy: Policy, form: DraftForm | None) -> list[Group]:
    """Every field of a key in the groups of its schema, with the form's errors."""
    found: dict[str, list[Line]] = {}
    for line in _lines(key, policy, form):
        found.setdefault(line.name.rpartition(".")[0], []).append(line)
    return [Group(title, lines) for title, lines in found.items()]


def _lines(key: str, policy: Policy, form: DraftForm | None) -> Iterator[Line]:
    values = leaves(getattr(policy, key).model_dump(mode="json"))
    lowest = leaves(defaults(SCHEMAS[key]))
    inherited = leaves(environment_values().get(key, {}))
    for path, field in walk(SCHEMAS[key]):
        yield Line(
            name=path,
            help=field.description or "",
            unit=unit(field),
            allowed=allowed(field),
            value=as_text(values[path]),
            origin=policy.origins[key][path],
            below=_below(policy.origins[key][path], path, inherited, lowest),
            bound=form[field_name(path)] if form else None,
            faults=faults_at(key, field_name(path), form),
        )


def _below(origin: Origin, path: str, inherited: dict[str, Json], lowest: dict[str, Json]) -> str:
    """`over the environment: 5`, which is then of no use; or the default."""
    if origin == "sql" and path in inherited:
        return f"over the environment, {as_text(inherited[path])}"
    return "" if origin == "default" else f"default {as_text(lowest[path])}"


def faults_at(key: str, name: str, form: DraftForm | None) -> list[Fault]:
    """The errors of one field of a form that was sent."""
    if form is None or not form.is_bound:
        return []
    data: dict[str, list[dict[str, Any]]] = form.errors.get_json_data()
    return [Fault(key, name, each["code"] or "invalid", each["message"]) for each in data.get(name, [])]
