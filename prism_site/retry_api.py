"""`POST /v1/submissions/{id}/retry`: the owner of a submission asks for another try."""

from typing import NoReturn
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.answers import SubmissionReceipt
from evaluations.api.framing import JSON
from evaluations.api.json_body import parse_json
from evaluations.api.signed import SIGNED_HEADERS, SignedBody, signed_body
from evaluations.models import Submission
from prism_site import retries
from prism_site.access.throttles import UploadAddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers

MAX_BYTES = 1024
REFUSALS: dict[type[Exception], int] = {
    retries.NotOwner: 403,
    retries.RetryNotPossible: 409,
    retries.RetriesSpent: 409,
}


class RetryBody(BaseModel):
    """Optional; an empty body says the same, and the address says which submission."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    submission_id: str | None = None


class RetryView(APIView):
    """Another try at what the infrastructure failed."""

    permission_classes = [Public]
    throttle_classes = [UploadAddressThrottle]

    @extend_schema(
        operation_id="retry",
        parameters=SIGNED_HEADERS,
        request=RetryBody,
        responses=answers(SubmissionReceipt, 400, 401, 403, 404, 409, 411, 413, 415, 431),
    )
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Queue it again: the owner's signature over an empty body or a small JSON; three times at most."""
        empty = request.headers.get("Content-Length") in {None, "", "0"}
        sent = signed_body(request, self, {} if empty else {JSON: MAX_BYTES})
        _check_body(sent, submission_id)
        try:
            submission = retries.retry(
                submission_id, hotkey=sent.hotkey, nonce=sent.nonce, body_sha256=sent.sha256
            )
        except Submission.DoesNotExist:
            raise Http404 from None
        except tuple(REFUSALS) as error:
            _refuse(error)
        return Response(SubmissionReceipt.of(submission).model_dump(mode="json"))


def _check_body(sent: SignedBody, submission_id: UUID) -> None:
    if not sent.raw:
        return
    named = parse_json(sent.raw, RetryBody).submission_id
    if named is not None and named != str(submission_id):
        raise Problem(400, "other_submission", "The body names another submission than the address.")


def _refuse(error: Exception) -> NoReturn:
    code: str = getattr(error, "code")  # noqa: B009 - every kind in REFUSALS has one
    raise Problem(REFUSALS[type(error)], code, str(error)) from error
