"""Where a setting comes from: the process before `.env`, `PRISM_` before `CHALLENGE_`, secrets from files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import JsonValue, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIXES = ("PRISM_", "CHALLENGE_")
MAX_SECRET_BYTES = 64 * 1024
FILE_ALLOWED: dict[str, JsonValue] = {"file_allowed": True}


@dataclass(frozen=True)
class Found:
    """One value as it was written, and the variable that held it; `problem` if it could not be read."""

    variable: str
    text: str
    problem: str = ""


def is_secret(field: FieldInfo) -> bool:
    """Whether a field holds a `SecretStr`: it is masked wherever values are shown."""
    return SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))


def has_file(field: FieldInfo) -> bool:
    """Whether `<NAME>_FILE` is read for a field: secrets, and URLs that may hold a password."""
    return is_secret(field) or field.json_schema_extra == FILE_ALLOWED


def layers(env_file: Path | None) -> tuple[Mapping[str, str | None], ...]:
    """The process's variables, then those of `.env`; `$` is not expanded there, as secrets may hold it."""
    dotenv = dotenv_values(env_file, interpolate=False) if env_file and env_file.is_file() else {}
    return os.environ, dotenv


def find(name: str, field: FieldInfo, env_file: Path | None) -> Found | None:
    """The first value of the setting `name`; an empty variable is an absent one, as in compose files."""
    for layer in layers(env_file):
        for prefix in PREFIXES:
            variable = f"{prefix}{name.upper()}"
            if text := layer.get(variable):
                return Found(variable, text)
            if has_file(field) and (path := layer.get(f"{variable}_FILE")):
                return read_secret(f"{variable}_FILE", path)
    return None


def read_secret(variable: str, path: str) -> Found:
    """The stripped text of a secret file (at most 64 KiB of UTF-8); `problem` says why there is none."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_SECRET_BYTES + 1).decode()
    except OSError as error:
        return Found(variable, path, f"the path of a readable file ({error.strerror or 'unreadable'})")
    except ValueError:
        return Found(variable, path, "the path of a UTF-8 file")
    if len(text) > MAX_SECRET_BYTES:
        return Found(variable, path, "the path of a file of at most 64 KiB")
    if not text.strip():
        return Found(variable, path, "the path of a file that holds something")
    return Found(variable, text.strip())


def stray_names(fields: Mapping[str, FieldInfo]) -> list[str]:
    """`PRISM_*` variables of the process that are no setting: usually a slip of the pen."""
    names = {f"PRISM_{name.upper()}" for name in fields}
    names |= {f"PRISM_{name.upper()}_FILE" for name, field in fields.items() if has_file(field)}
    return sorted(
        variable for variable in os.environ if variable.startswith("PRISM_") and variable not in names
    )


class LayeredSource(PydanticBaseSettingsSource):
    """Feeds pydantic-settings with the first value found for every field."""

    def __init__(self, settings_cls: type[BaseSettings], env_file: Path | None) -> None:
        super().__init__(settings_cls)
        self.env_file = env_file

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """(text or None, field name, False: no value is JSON)."""
        found = find(field_name, field, self.env_file)
        return (found.text if found else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every field that has a value; an unreadable secret file gives "" (refused by the field itself)."""
        values: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            found = find(name, field, self.env_file)
            if found:
                values[name] = "" if found.problem else found.text
        return values
