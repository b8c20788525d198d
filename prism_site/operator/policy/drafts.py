"""Drafts: values of keys that are not rows yet, checked as rows would be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pydantic import ValidationError

from prism_site.api import strict_json
from prism_site.api.problems import Problem as BadJson
from prism_site.policy.environment import environment_values
from prism_site.policy.errors import paths
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, Origin, merge
from prism_site.policy.resolve import Policy

LONGEST_JSON = 200_000  # characters; every default of every key takes 5 000
SLACK = timedelta(minutes=5)  # between choosing a time and saving


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a draft; `field` is dotted, or "" for the whole."""

    key: str
    field: str
    code: str
    message: str


@dataclass(eq=False)
class DraftRefused(Exception):
    """The draft cannot become a row; `faults` say where and why."""

    faults: list[Fault]
    code: str = "draft_invalid"

    def __str__(self) -> str:
        return "; ".join(
            f"{fault.key}.{fault.field}: {fault.message}".replace(".:", ":") for fault in self.faults
        )


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Values by key, each of them partial; `effective_from` is none for at once."""

    values: dict[str, Json]
    effective_from: datetime | None = None
    note: str = field(default="", compare=False)  # that the form begins with

    @property
    def keys(self) -> list[str]:
        """The keys that it is about, in the order of the schemas."""
        return [key for key in SCHEMAS if key in self.values]


def read_json(text: str, key: str = "") -> Json:
    """The value in a text; `DraftRefused` says where it is no JSON."""
    if len(text) > LONGEST_JSON:
        raise DraftRefused([Fault(key, "", "json_too_long", f"At most {LONGEST_JSON} characters.")])
    try:
        return strict_json.loads(text.encode("utf-8", "surrogatepass"))
    except BadJson as error:
        raise DraftRefused([Fault(key, "", error.code, error.detail or "This is no JSON.")]) from None


def check(draft: Draft) -> None:
    """Raise `DraftRefused` with everything that is wrong with any key."""
    found = [fault for key, value in draft.values.items() for fault in faults_of(key, value)]
    if draft.effective_from and draft.effective_from < timezone.now() - SLACK:
        message = "This time is over; leave it empty for at once."
        found.append(Fault("", "effective_from", "effective_from_past", message))
    if found:
        raise DraftRefused(found)


def faults_of(key: str, value: Json) -> list[Fault]:
    """What is wrong with the value of a key, over the environment of this host."""
    if key not in SCHEMAS:
        return [Fault(key, "", "unknown_key", "There is no such policy key.")]
    if not isinstance(value, Mapping):
        return [Fault(key, "", "not_an_object", "The value must be an object.")]
    try:
        merge(SCHEMAS[key], value, environment_values().get(key))
    except ValidationError as error:
        return [
            Fault(key, path, problem["type"], problem["msg"])
            for problem in error.errors()
            for path in paths(problem)
        ]
    return []


def policy_with(policy: Policy, draft: Draft) -> Policy:
    """The policy as it would be with a checked draft in force."""
    models: dict[str, Any] = {}
    origins: dict[str, dict[str, Origin]] = dict(policy.origins)
    for key, value in draft.values.items():
        models[key], origins[key] = merge(SCHEMAS[key], value, environment_values().get(key))
    return replace(policy, **models, origins=origins)


def read_time(text: str) -> datetime | None:
    """A moment in UTC as a form or a file gives it; none for an empty text; `DraftRefused`."""
    if not text.strip():
        return None
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        found = None
    if found is None:
        message = "Write a date and a time, such as 2030-01-31T12:00."
        raise DraftRefused([Fault("", "effective_from", "invalid", message)])
    return found if timezone.is_aware(found) else timezone.make_aware(found, timezone.get_default_timezone())
