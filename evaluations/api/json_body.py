"""A small JSON body held to a strict model."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from rest_framework.request import Request

from evaluations.api.framing import JSON, check_framing, read_body
from prism_site.api import strict_json
from prism_site.api.problems import Problem

M = TypeVar("M", bound=BaseModel)


def read_json(request: Request, model: type[M], *, max_bytes: int) -> M:
    """The body as `model`; raises `Problem` for its framing, json_* for what is not JSON or not the model."""
    check_framing(request, {JSON: max_bytes})
    return parse_json(read_body(request), model)


def parse_json(raw: bytes, model: type[M]) -> M:
    """Bytes as `model`; raises `Problem` 400 with a json_* code."""
    try:
        return model.model_validate(strict_json.loads(raw))
    except ValidationError as error:
        raise not_as_described(error, model) from error


def not_as_described(error: ValidationError, model: type[BaseModel], *, code: str = "") -> Problem:
    """What is wrong with which member; without a code, wrong types and wrong members have their own."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    wrong_type = any(problem["type"].endswith("_type") for problem in problems)
    code = code or ("json_type" if wrong_type else "json_schema")
    fields = [
        {
            "pointer": "/" + "/".join(_known(name, model) for name in problem["loc"]),
            "code": problem["type"],
            "detail": problem["msg"],
        }
        for problem in problems
    ]
    return Problem(400, code, errors=fields)


def _known(name: int | str, model: type[BaseModel]) -> str:
    """Member names that the sender made up are not repeated."""
    return str(name) if name in model.model_fields else "?"
