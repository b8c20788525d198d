"""Refuses to start on bad settings: one line per setting with its name, its value and what is allowed."""

import re
import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from prism_site.allowed import allowed
from prism_site.config_sources import find, is_secret

MASK = "********"
PASSWORD = re.compile(r"(://[^/@]*:)[^@]*@")
SHOWN_CHARACTERS = 200


class SettingsRefused(SystemExit):
    """Ends the process without a traceback; `lines` says why.

    The exit status is 3, which a gunicorn master takes as "cannot boot": it stops instead of forking on.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__(3)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


def refuse(error: ValidationError, fields: dict[str, FieldInfo], env_file: Path | None) -> SettingsRefused:
    """Print every problem to stderr and give the exit to raise."""
    refused = SettingsRefused([line(problem, fields, env_file) for problem in error.errors()])
    count = len(refused.lines)
    heading = f"PRISM cannot start: {count} setting{' is' if count == 1 else 's are'} wrong."
    print("\n  ".join([heading, *refused.lines]), file=sys.stderr)
    return refused


def line(problem: ErrorDetails, fields: dict[str, FieldInfo], env_file: Path | None) -> str:
    """`PRISM_EPOCH_SECONDS = '5': a whole number, at least 60, at most 31536000`."""
    if not problem["loc"]:
        return reason(problem)
    name = str(problem["loc"][0])
    field = fields[name]
    found = find(name, field, env_file)
    if found is None:
        return (
            f"PRISM_{name.upper()} = {shown(field, problem['input'])!r}: {reason(problem) or allowed(field)}"
        )
    # A path in `<NAME>_FILE` is no secret, and a wrong one must be seen.
    value = found.text if found.problem else shown(field, found.text)
    return f"{found.variable} = {value!r}: {found.problem or reason(problem) or allowed(field)}"


def reason(problem: ErrorDetails) -> str:
    """The words of our own validators; empty for pydantic's, which `allowed` says better."""
    return str(problem["ctx"]["error"]) if problem["type"] == "value_error" else ""


def shown(field: FieldInfo, value: Any) -> str:
    """A value as text, without any secret or password and never longer than a line."""
    if value is None:
        return ""
    if is_secret(field) or isinstance(value, SecretStr):
        return MASK
    return PASSWORD.sub(rf"\1{MASK}@", str(value))[:SHOWN_CHARACTERS]
