"""What every operation of the OpenAPI document has in common."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from pydantic import BaseModel, ConfigDict


class FieldProblem(BaseModel):
    """One field that is to blame, as a JSON pointer into the body or the name of a query parameter."""

    pointer: str
    code: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; `code` is stable, some problems add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[FieldProblem] | None = None


def answers(body: Any, *problems: int, status: int = 200) -> dict[Any, Any]:
    """The responses of an operation: what it gives, and the statuses that its problems have."""
    media = "application/problem+json"
    refusals = {(code, media): OpenApiResponse(ProblemDetails, _phrase(code)) for code in problems}
    return {status: body, **refusals, (429, media): OpenApiResponse(ProblemDetails, _phrase(429))}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase
