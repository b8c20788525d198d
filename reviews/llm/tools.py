"""The two tools of a review, in the order in which they are forced: first understand, then judge."""

import json
import re
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from reviews.llm.categories import Category
from reviews.llm.errors import ArgumentsMalformed

SUBMIT_MERMAID, SUBMIT_VERDICT = "submit_mermaid", "submit_verdict"
MERMAID = re.compile(
    r"\s*(?:%%[^\n]*\n\s*)*(?:flowchart|graph|sequenceDiagram|classDiagram|stateDiagram|block|erDiagram|mindmap)\b"
)

Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Arguments = TypeVar("Arguments", bound=_Arguments)


class Diagram(_Arguments):
    """What the reviewer understood, drawn before it may judge."""

    diagram: str = Field(
        min_length=1, max_length=20_000, description="Mermaid, without a fence: what the code does"
    )

    @field_validator("diagram")
    @classmethod
    def is_mermaid(cls, diagram: str) -> str:
        if not MERMAID.match(diagram):
            raise ValueError("a diagram begins with its kind, such as flowchart")
        return diagram


class Evidence(_Arguments):
    """One place in the source, quoted exactly, and what is claimed of it."""

    file: Annotated[str, Field(min_length=1, max_length=512)]
    line: int = Field(ge=1, le=10_000_000, description="where the quote begins, counted from 1")
    quote: Text = Field(description="copied exactly, without the line number")
    claim: Text


class Verdict(_Arguments):
    """What the reviewer concludes."""

    verdict: Literal["allow", "reject", "suspicious"]
    confidence: float = Field(ge=0, le=1)
    categories: list[Category] = Field(max_length=len(Category))
    evidence: list[Evidence] = Field(max_length=50)


def read_diagram(arguments: str) -> Diagram:
    """The arguments of `submit_mermaid`; `ArgumentsMalformed` for anything else."""
    return _read(Diagram, arguments)


def read_verdict(arguments: str) -> Verdict:
    """The arguments of `submit_verdict`; `ArgumentsMalformed` for anything else."""
    return _read(Verdict, arguments)


@cache
def specifications() -> list[dict[str, Any]]:
    """Both tools as the chat-completions API takes them, from the schemas that read the answers."""
    return [
        _specification(SUBMIT_MERMAID, "Draw what the code does. Comes first.", Diagram),
        _specification(SUBMIT_VERDICT, "Judge the code. Comes after the diagram.", Verdict),
    ]


def _read(schema: type[Arguments], arguments: str) -> Arguments:
    try:
        json.loads(arguments, object_pairs_hook=_without_repeats)
        return schema.model_validate_json(arguments)
    except (ValidationError, ValueError, RecursionError) as error:
        raise ArgumentsMalformed(_first_line(error), received=arguments) from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says two things under one name says nothing."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a field is given twice")
    return read


def _first_line(error: Exception) -> str:
    """Which field and why, without repeating the answer."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'arguments'}: {first['msg']}"[:300]
    return str(error)[:300] or type(error).__name__


def _specification(name: str, description: str, schema: type[_Arguments]) -> dict[str, Any]:
    parameters = _inlined(schema.model_json_schema())
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without `$ref`, which not every gateway follows."""
    definitions = schema.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inline(definitions[node["$ref"].rpartition("/")[2]])
        return {key: inline(value) for key, value in node.items()}

    inlined: dict[str, Any] = inline(schema)
    return inlined
