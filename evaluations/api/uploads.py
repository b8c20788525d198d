"""Uploading: who sends is settled over the raw bytes before any of them is looked into."""

import hashlib

import structlog
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from evaluations.api.answers import SubmissionPage, SubmissionReceipt
from evaluations.api.framing import JSON, ZIP, check_framing, read_body
from evaluations.api.signed import SIGNED_HEADERS, admit, signed_body
from evaluations.api.submissions import SubmissionQuery, submission_page
from evaluations.api.upload_body import JsonUpload, archive_of, body_limits
from evaluations.intake.accept import Receipt, Upload, accept_upload, upload_limits
from prism_site.access import tokens
from prism_site.access.throttles import AddressThrottle, UploadAddressThrottle
from prism_site.api.permissions import Platform, Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers

BODIES = {ZIP: OpenApiTypes.BINARY, JSON: JsonUpload}
UPLOAD_PROBLEMS = (400, 401, 403, 404, 409, 411, 413, 415, 422, 431, 503)


class SubmissionsView(APIView):
    """The list, and the door."""

    permission_classes = [Public]

    def get_throttles(self) -> list[BaseThrottle]:
        """Uploads are counted apart from reading."""
        return [UploadAddressThrottle() if self.request.method == "POST" else AddressThrottle()]

    @extend_schema(
        operation_id="submissions", parameters=[SubmissionQuery], responses=answers(SubmissionPage, 400)
    )
    def get(self, request: Request) -> Response:
        """Submissions, newest first."""
        query = SubmissionQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return submission_page(query.validated_data)

    @extend_schema(
        operation_id="submit",
        parameters=SIGNED_HEADERS,
        request=BODIES,
        responses={**answers(SubmissionReceipt, *UPLOAD_PROBLEMS, status=201), 200: SubmissionReceipt},
    )
    def post(self, request: Request) -> Response:
        """Upload a bundle: 201 for a new submission, 200 for one that is known already."""
        sent = signed_body(request, self, body_limits(upload_limits().max_zip_bytes))
        upload = Upload(
            archive=archive_of(sent.raw, sent.media_type),
            body_sha256=sent.sha256,
            hotkey=sent.hotkey,
            nonce=sent.nonce,
            by=f"miner:{sent.hotkey}",
        )
        return _answer(accept_upload(upload, now=timezone.now()))


class BridgeView(APIView):
    """The door for uploads whose sender the platform has verified."""

    permission_classes = [Platform]

    @extend_schema(
        operation_id="bridge_submit",
        parameters=[
            OpenApiParameter("X-Platform-Verified-Hotkey", str, OpenApiParameter.HEADER, required=True)
        ],
        request=BODIES,
        responses={**answers(SubmissionReceipt, *UPLOAD_PROBLEMS, status=201), 200: SubmissionReceipt},
    )
    def post(self, request: Request) -> Response:
        """As an upload, with the hotkey from the platform's header alone."""
        media_type = check_framing(request, body_limits(upload_limits().max_zip_bytes))
        hotkey = tokens.verified_hotkey(request.headers)
        admit(request, self, hotkey)
        body = read_body(request)
        upload = Upload(
            archive=archive_of(body, media_type),
            body_sha256=hashlib.sha256(body).hexdigest(),
            hotkey=hotkey,
            nonce=None,
            by="system:bridge",
        )
        return _answer(accept_upload(upload, now=timezone.now()))


def _answer(receipt: Receipt) -> Response:
    submission = receipt.submission
    structlog.contextvars.bind_contextvars(submission_id=str(submission.pk))  # for the request's last line
    if receipt.refused:
        extra = {"submission_id": str(submission.pk)}
        raise Problem(422, submission.reason_code, submission.reason, extra=extra)
    body = SubmissionReceipt.of(submission).model_dump(mode="json")
    return Response(body, status=201 if receipt.created else 200)
