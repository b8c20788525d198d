"""Every error of the API as RFC 9457 problem details: the one place that maps errors to answers."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from prism_site.access.refusals import AccessRefused, InternalAuth
from prism_site.policy.errors import PolicyInvalid

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TRY_AGAIN_SECONDS = 2


class Problem(Exception):
    """An answer that is an error; `extra` adds members to the body."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers, self.extra = list(errors), dict(headers or {}), dict(extra or {})

    def body(self) -> dict[str, Any]:
        """The members of RFC 9457, `code` for machines, and `errors` where fields are to blame."""
        title = HTTPStatus(self.status).phrase
        body = {"type": "about:blank", "title": title, "status": self.status, "code": self.code}
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = self.errors
        return {**body, **self.extra}


class ProblemRenderer(JSONRenderer):
    """JSON under the media type of problem details."""

    media_type = CONTENT_TYPE


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of a view (`EXCEPTION_HANDLER` of Django REST framework)."""
    problem = _problem_of(error)
    if problem is None:
        problem = _unexpected(error, context.get("request"))
    return respond(problem, context.get("request"))


def respond(problem: Problem, request: Request | None) -> Response:
    """The answer itself; it is never cached, and always problem details whatever was asked for."""
    response = Response(problem.body(), status=problem.status, headers=problem.headers)
    response["Cache-Control"] = "no-store"
    if request is not None:
        request.accepted_renderer = ProblemRenderer()
        request.accepted_media_type = CONTENT_TYPE
    return response


def _problem_of(error: Exception) -> Problem | None:
    for kind, answer in ANSWERS.items():
        if isinstance(error, kind):
            return answer(error)
    return None


def _not_let_in(error: AccessRefused) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, InternalAuth) else {}
    return Problem(error.status, error.code, error.message, headers=headers)


def policy_problem(error: PolicyInvalid) -> Problem:
    """Name the key, row and field of the policy that stops official work."""
    extra = {"key": error.key, "row_id": error.row_id, "field": error.field}
    return Problem(503, error.code, error.message, extra=extra)


def _try_again(error: Exception) -> Problem:
    logger.exception("the database did not answer", exc_info=error)
    return Problem(503, "try_again", headers={"Retry-After": str(TRY_AGAIN_SECONDS)})


def _unexpected(error: Exception, request: Request | None) -> Problem:
    logger.exception("unexpected error", exc_info=error)
    raw: HttpRequest | None = request._request if request is not None else None
    got_request_exception.send(sender=None, request=raw)
    return Problem(500, "internal_error")


def _invalid(error: exceptions.ValidationError) -> Problem:
    return Problem(400, "invalid", "Some fields are not valid.", errors=list(_fields(error.detail)))


def _throttled(error: exceptions.Throttled) -> Problem:
    return Problem(
        429, "rate_limited", headers={"Retry-After": str(math.ceil(getattr(error, "wait", None) or 1))}
    )


def _refused_by_framework(error: exceptions.APIException) -> Problem:
    code, detail = FRAMEWORK_CODES.get(error.status_code, ("bad_request", ""))
    return Problem(error.status_code, code, detail)


def _fields(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Flatten the framework's nested errors into JSON pointers."""
    if isinstance(detail, Mapping):
        for name, value in detail.items():
            yield from _fields(value, f"{pointer}/{name}")
        return
    for number, item in enumerate(detail):
        if isinstance(item, Mapping | list):
            yield from _fields(item, f"{pointer}/{number}")
        else:
            yield {"pointer": pointer, "code": getattr(item, "code", "invalid"), "detail": str(item)}


FRAMEWORK_CODES = {
    401: ("forbidden", ""),
    403: ("forbidden", ""),
    404: ("not_found", ""),
    405: ("method_not_allowed", ""),
    406: ("not_acceptable", "The answers are application/json."),
    415: ("content_type", "This content type is not supported here."),
}

# The first kind that fits answers; kinds of the framework stand before their common parent.
ANSWERS: dict[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda error: error,
    AccessRefused: _not_let_in,
    PolicyInvalid: policy_problem,
    Http404: lambda error: Problem(404, "not_found"),
    PermissionDenied: lambda error: Problem(403, "forbidden"),
    exceptions.ValidationError: _invalid,
    exceptions.Throttled: _throttled,
    exceptions.APIException: _refused_by_framework,
    OperationalError: _try_again,
    InterfaceError: _try_again,
}
