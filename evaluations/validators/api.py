"""`/internal/v1/validators/assignments`: runs that validators carry out elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.json_body import read_json
from evaluations.claims import LEASE
from evaluations.validators import leases
from evaluations.validators.bodies import (
    AcceptBody,
    AssignmentAnswer,
    ExpiredAnswer,
    LeaseAnswer,
    NextBody,
    RejectBody,
    ResultBody,
    TakenAnswer,
)
from evaluations.validators.offers import offer_next
from evaluations.validators.permission import HEADER, IsValidator, hotkey_of
from evaluations.validators.refusals import AssignmentRefused
from evaluations.validators.results import take_result
from prism_site.api.permissions import Platform
from prism_site.api.problems import Problem
from prism_site.api.schema import answers

SMALL_BYTES = 4 * 1024
PROGRESS_BYTES = 8 << 20
RESULT_BYTES = 16 << 20
TRY_AGAIN_SECONDS = 30
UNAVAILABLE = 503
PROBLEMS = (400, 401, 403, 404, 409, 411, 413, 415, 431)


class NextView(APIView):
    """The next run for a validator."""

    permission_classes = [IsValidator]

    @extend_schema(
        operation_id="next_assignment",
        request=NextBody,
        responses={**answers(AssignmentAnswer, 400, 401, 403, 409, 413, 415, 431, 503), 204: None},
    )
    def post(self, request: Request) -> Response:
        """Lease the oldest queued run to the validator; 204 where none waits. The body may be left out."""
        has_body = request.headers.get("Content-Length", "0") not in {"", "0"}
        body = read_json(request, NextBody, max_bytes=SMALL_BYTES) if has_body else NextBody()
        with _refusals():
            assignment = offer_next(hotkey_of(request), body.modes)
        return Response(status=204) if assignment is None else _private(AssignmentAnswer.of(assignment))


class AcceptView(APIView):
    """A validator's sign of life."""

    permission_classes = [IsValidator]

    @extend_schema(
        operation_id="accept_assignment", request=AcceptBody, responses=answers(LeaseAnswer, *PROBLEMS)
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Take the assignment on, and later go on with it: each call starts the lease anew."""
        has_body = request.headers.get("Content-Length", "0") not in {"", "0"}
        body = read_json(request, AcceptBody, max_bytes=PROGRESS_BYTES) if has_body else AcceptBody()
        with _refusals():
            assignment = leases.held_by(hotkey_of(request), assignment_id)
            known = leases.accept(assignment, first=body.first, lines=body.lines)
        return _private(LeaseAnswer(id=assignment_id, lease_seconds=LEASE.total_seconds(), lines_known=known))


class RejectView(APIView):
    """A validator that does not bring a run to an end."""

    permission_classes = [IsValidator]

    @extend_schema(
        operation_id="reject_assignment",
        request=RejectBody,
        responses={**answers(None, *PROBLEMS), 204: None},
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Give the run back: it waits for another turn."""
        body = read_json(request, RejectBody, max_bytes=SMALL_BYTES)
        with _refusals():
            leases.give_back(leases.held_by(hotkey_of(request), assignment_id), reason=body.reason)
        return Response(status=204)


class ResultView(APIView):
    """The outcome of an assignment."""

    permission_classes = [IsValidator]

    @extend_schema(
        operation_id="assignment_result", request=ResultBody, responses=answers(TakenAnswer, *PROBLEMS, 422)
    )
    def post(self, request: Request, assignment_id: UUID) -> Response:
        """Take the manifest once, if it is of this run and does not contradict itself."""
        body = read_json(request, ResultBody, max_bytes=RESULT_BYTES)
        with _refusals():
            assignment = leases.held_by(hotkey_of(request), assignment_id)
            manifest = take_result(assignment, body.manifest)
        return _private(TakenAnswer(id=assignment_id, verdict=manifest["verdict"], code=manifest["code"]))


class ExpireView(APIView):
    """For platforms without a worker of ours: what reconciling does with leases that have run out."""

    permission_classes = [Platform]

    @extend_schema(
        operation_id="expire_assignments", request=None, responses=answers(ExpiredAnswer, 401, 403)
    )
    def post(self, request: Request) -> Response:
        """Give up assignments whose lease has run out: their runs wait for another turn."""
        return _private(ExpiredAnswer(expired=leases.expire()))


def _private(answer: BaseModel) -> Response:
    """Nothing of this may lie in a cache: an assignment holds a secret."""
    response = Response(answer.model_dump(mode="json"))
    response["Cache-Control"] = "no-store"
    response["Vary"] = HEADER
    return response


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except AssignmentRefused as refused:
        headers = {"Retry-After": str(TRY_AGAIN_SECONDS)} if refused.status == UNAVAILABLE else {}
        raise Problem(refused.status, refused.code, str(refused), headers=headers) from refused
