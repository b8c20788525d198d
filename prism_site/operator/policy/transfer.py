"""Policy as a file, from one installation to another."""

from typing import Any

from django.utils import timezone

from prism_site.operator.policy.drafts import Draft, DraftRefused, Fault, read_json
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json
from prism_site.policy.models import SCHEMA_VERSION, RuntimeConfig
from prism_site.policy.resolve import resolve_policy

FORMAT, VERSION = "prism_policy", 1


class NothingDiffers(Exception):
    """Every key of the file is here as it is there."""

    code = "nothing_differs"


def exported(*, effective: bool) -> dict[str, Any]:
    """What the rows in force set; with `effective` every value in force, wherever it comes from."""
    rows = {row.config_key: row for row in RuntimeConfig.objects.active(timezone.now())}
    values: dict[str, Json] = {key: rows[key].value_json for key in SCHEMAS if key in rows}
    if effective:
        policy = resolve_policy()
        values = {key: getattr(policy, key).model_dump(mode="json") for key in SCHEMAS}
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": timezone.now().isoformat(),
        "keys": {
            key: {
                "schema_version": rows[key].schema_version if key in rows else SCHEMA_VERSION,
                "value": value,
            }
            for key, value in values.items()
        },
    }


def imported(text: str) -> Draft:
    """The keys of a file whose value is another than that of the row in force here.

    Raises `DraftRefused` for a file that is none, `NothingDiffers`.
    """
    entries = _entries(read_json(text))
    faults = [fault for key, entry in entries.items() for fault in _faults(key, entry)]
    if faults:
        raise DraftRefused(faults)
    here = {row.config_key: row.value_json for row in RuntimeConfig.objects.active(timezone.now())}
    values = {key: entry["value"] for key, entry in entries.items() if here.get(key) != entry["value"]}
    if not values:
        raise NothingDiffers("Every key of the file is set here as it is there.")
    return Draft(values=values)


def _entries(said: Json) -> dict[str, Any]:
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise DraftRefused([Fault("", "format", "not_a_policy_file", f'"format" must be "{FORMAT}".')])
    if said.get("version") != VERSION:
        raise DraftRefused([Fault("", "version", "file_version_unknown", f'"version" must be {VERSION}.')])
    entries = said.get("keys")
    if not isinstance(entries, dict) or not entries:
        raise DraftRefused([Fault("", "keys", "not_an_object", '"keys" must be an object with keys.')])
    return entries


def _faults(key: str, entry: Json) -> list[Fault]:
    if key not in SCHEMAS:
        return [Fault(key, "", "unknown_key", "There is no such policy key.")]
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), dict):
        return [Fault(key, "value", "not_an_object", "The value must be an object.")]
    version = entry.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        message = f"Written for schema version {version}, this is {SCHEMA_VERSION}."
        return [Fault(key, "schema_version", "schema_version_unknown", message)]
    return []
