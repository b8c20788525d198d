"""The typed form of each policy key, generated from its schema."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from pydantic import ValidationError

from prism_site.policy.environment import environment_values, put
from prism_site.policy.errors import paths
from prism_site.policy.form_fields import as_text, form_field, from_form
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, leaves, merge, overlay
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.schemas.walk import defaults, explain, walk

if TYPE_CHECKING:
    RowForm = forms.ModelForm[RuntimeConfig]
else:
    RowForm = forms.ModelForm

Fieldset = tuple[str | None, dict[str, list[str]]]


class PolicyForm(RowForm):
    """What all keys share; `policy_form` adds the fields of one key. It always makes a new row.

    An `instance` only fills the fields: what is saved over an old row is its successor.
    """

    policy_key: ClassVar[str]

    effective_from = forms.SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, help_text="UTC; empty: at once"
    )

    class Meta:
        model = RuntimeConfig
        fields = ("note",)

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        instance: RuntimeConfig | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        shown = dict(initial or {})
        if instance:
            shown |= initial_values(instance.value_json)
        successor = RuntimeConfig(config_key=self.policy_key, value_json={})
        super().__init__(data, files, instance=successor, initial=shown)

    def clean(self) -> dict[str, Any]:
        """Bounds have been checked field by field; now the whole, as `resolve_policy` would see it."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        self.instance.value_json = self.partial_value(cleaned)
        if cleaned.get("effective_from"):
            self.instance.effective_from = cleaned["effective_from"]
        try:
            merge(self.schema, self.instance.value_json, environment_values().get(self.policy_key))
        except ValidationError as error:
            self.show(error)
            self.instance.value_json = {}
        return cleaned

    @property
    def schema(self) -> type[Any]:
        return SCHEMAS[self.policy_key]

    def partial_value(self, cleaned: dict[str, Any]) -> dict[str, Json]:
        """What was filled in, as the JSON object of a row."""
        value: dict[str, Json] = {}
        for path, field in walk(self.schema):
            filled = cleaned.get(field_name(path))
            if filled not in (None, ""):
                put(value, path, from_form(field, filled))
        return value

    def show(self, error: ValidationError) -> None:
        """Put each problem beside every field it is about."""
        for problem in error.errors():
            for path in paths(problem):
                self.add_error(self.nearest_field(path), problem["msg"])

    def nearest_field(self, path: str) -> str | None:
        """The field at `path` or around it (an entry of a list has none of its own), or None."""
        while path and field_name(path) not in self.fields:
            path = path.rpartition(".")[0]
        return field_name(path) if path else None


def policy_form(key: str) -> type[PolicyForm]:
    """The form class of one key, with placeholders for what an empty field inherits at this moment."""
    schema = SCHEMAS[key]
    lowest = defaults(schema)
    inherited = leaves(overlay(lowest, environment_values().get(key)))
    attributes: dict[str, Any] = {"policy_key": key, "__module__": __name__}
    for path, field in walk(schema):
        help_text = f"{explain(field)}; default {as_text(leaves(lowest)[path])}"
        label = path.rpartition(".")[2]
        attributes[field_name(path)] = form_field(field, inherited[path], label, help_text)
    return type("PolicyFormOfKey", (PolicyForm,), attributes)


def fieldsets(key: str) -> list[Fieldset]:
    """The fields of a key as the admin groups them."""
    groups: dict[str, list[str]] = {}
    for path, _ in walk(SCHEMAS[key]):
        groups.setdefault(path.rpartition(".")[0], []).append(field_name(path))
    return [(group or key, {"fields": names}) for group, names in groups.items()]


def field_name(path: str) -> str:
    """A dotted path as a name that HTML ids and Python allow."""
    return path.replace(".", "__")


def initial_values(value: Json) -> dict[str, str]:
    """What a row's value shows in the form; a value that is no object shows nothing."""
    if not isinstance(value, dict):
        return {}
    return {field_name(path): as_text(inner) for path, inner in leaves(value).items()}
