"""One real form field per schema field, and the way of a value from a row into it and back."""

import typing
from typing import Any, Literal

from annotated_types import Ge, Le
from django import forms
from pydantic.fields import FieldInfo

from prism_site.allowed import member_type, unwrap
from prism_site.policy.merge import Json

NULL = "null"  # typed into a field that may be null: an empty one means "not set in this row"


class CommaSeparatedField(forms.CharField):
    """A list as comma-separated text; `member` reads one entry or raises `ValueError`."""

    def __init__(self, *, member: type, **options: Any) -> None:
        super().__init__(**options)
        self.member = member

    def clean(self, value: Any) -> Any:
        """A list, or None for an empty text."""
        parts = [part.strip() for part in super().clean(value).split(",")]
        if parts == [""]:
            return None
        try:
            return [self.member(part) for part in parts]
        except ValueError as error:
            raise forms.ValidationError("must be a comma-separated list of whole numbers") from error


def form_field(field: FieldInfo, inherited: Json, label: str, help_text: str) -> forms.Field:
    """The form field of `field`; left empty it is not set; its placeholder shows what it then inherits."""
    kind, _, nullable = unwrap(field)
    common: dict[str, Any] = {"required": False, "label": label, "help_text": help_text}
    if choices := choices_of(kind):
        empty = ("", f"not set ({as_text(inherited)})")
        return forms.ChoiceField(choices=[empty, *((choice, choice) for choice in choices)], **common)
    if nullable:
        common["help_text"] += f"; write {NULL} for none"
    return typed_field(kind, field, common | {"widget_attrs": {"placeholder": as_text(inherited)}})


def typed_field(kind: Any, field: FieldInfo, options: dict[str, Any]) -> forms.Field:
    attrs = options.pop("widget_attrs")
    if kind is int:
        return forms.IntegerField(widget=forms.NumberInput(attrs), **bounds(field), **options)
    if kind is float:
        return forms.FloatField(widget=forms.NumberInput(attrs | {"step": "any"}), **bounds(field), **options)
    if typing.get_origin(kind) is tuple:
        return CommaSeparatedField(
            member=bare_type(member_type(kind)), widget=forms.TextInput(attrs), **options
        )
    if kind is str:
        return forms.CharField(widget=forms.TextInput(attrs), **options)
    raise TypeError(f"no form field for {kind}")


def choices_of(kind: Any) -> list[str]:
    """The texts of a select, for a boolean or a choice; a checkbox could not say "not set"."""
    if kind is bool:
        return ["true", "false"]
    return [str(choice) for choice in typing.get_args(kind)] if typing.get_origin(kind) is Literal else []


def bare_type(kind: Any) -> type:
    """The type inside an `Annotated`."""
    bare: type = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
    return bare


def bounds(field: FieldInfo) -> dict[str, Any]:
    """Closed bounds, so that the browser refuses too; open ones are left to the schema."""
    _, metadata, _ = unwrap(field)
    lowest = next((bound.ge for bound in metadata if isinstance(bound, Ge)), None)
    highest = next((bound.le for bound in metadata if isinstance(bound, Le)), None)
    return {"min_value": lowest, "max_value": highest}


def as_text(value: Json) -> str:
    """A value of a row as one would type it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(as_text, value)) if isinstance(value, list) else str(value)


def from_form(field: FieldInfo, cleaned: Any) -> Json:
    """A value of a form as a row holds it."""
    kind, _, nullable = unwrap(field)
    if nullable and cleaned == NULL:
        return None
    return cleaned == "true" if kind is bool else cleaned
