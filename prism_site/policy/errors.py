"""What can be wrong with policy."""

from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails


@dataclass(eq=False)
class PolicyInvalid(Exception):
    """The value in force of a key does not validate; `row_id` is None where no SQL row is to blame."""

    key: str
    row_id: int | None
    field: str
    message: str
    code: str = "policy_invalid"

    def __str__(self) -> str:
        row = f"row {self.row_id} of " if self.row_id else ""
        return ": ".join(filter(None, [f"{row}{self.key}", self.field, self.message]))


class RowIsHistory(Exception):
    """A policy row is never edited or deleted; write a new one, or disable it."""

    code = "policy_row_is_history"


def first_problem(key: str, row_id: int | None, error: ValidationError) -> PolicyInvalid:
    """The first problem that pydantic found, as one error."""
    problem = error.errors()[0]
    return PolicyInvalid(key=key, row_id=row_id, field=", ".join(paths(problem)), message=problem["msg"])


def paths(problem: ErrorDetails) -> list[str]:
    """The dotted fields that a problem is about: several for a sum, one for a bound, "" for the whole."""
    outer = [str(part) for part in problem["loc"]]
    fields = problem.get("ctx", {}).get("fields") or ("",)
    return [".".join(filter(None, [*outer, name])) for name in fields]
