"""Uploading: who sends is settled over the raw bytes before any of them is looked into."""

import hashlib

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from evaluations.api.answers import SubmissionPage, SubmissionReceipt
from evaluations.api.framing import JSON, ZIP, check_framing, read_body
from evaluations.api.submissions import SubmissionQuery, submission_page
from evaluations.api.upload_body import JsonUpload, archive_of, body_limits
from evaluations.intake.accept import Receipt, Upload, accept_upload, upload_limits
from prism_site.access import signatures, tokens
from prism_site.access.throttles import AddressThrottle, UploadAddressThrottle, limit_hotkey
from prism_site.api.permissions import Platform, Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers
from prism_site.config import env

BODIES = {ZIP: OpenApiTypes.BINARY, JSON: JsonUpload}
UPLOAD_PROBLEMS = (400, 401, 403, 404, 409, 411, 413, 415, 422, 431, 503)
SIGNED_HEADERS = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=what)
    for name, what in (
        ("X-Hotkey", "ss58 address of network 42"),
        ("X-Signature", "sr25519 over `prism:{hotkey}:{nonce}:{timestamp}:{sha256 of the body}`, 128 hex"),
        ("X-Nonce", "1 to 64 letters, digits, `_` or `-`; once per hotkey"),
        ("X-Timestamp", "unix seconds, ten digits"),
    )
]


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
        if not env().public_submissions_enabled:
            raise Problem(404, "public_submissions_disabled", "This instance takes no public submissions.")
        media_type = check_framing(request, body_limits(upload_limits().max_zip_bytes))
        headers = signatures.UploadHeaders.parse(request.headers)
        body = read_body(request)
        digest = hashlib.sha256(body).hexdigest()
        signatures.check(
            headers,
            body_sha256=digest,
            now=timezone.now().timestamp(),
            ttl_seconds=env().signature_ttl_seconds,
            shared_tokens=env().shared_tokens,
            allow_insecure=env().allow_insecure_signatures,
        )
        _admit(request, self, headers.hotkey)
        upload = Upload(
            archive=archive_of(body, media_type),
            body_sha256=digest,
            hotkey=headers.hotkey,
            nonce=headers.nonce,
            by=f"miner:{headers.hotkey}",
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
        _admit(request, self, hotkey)
        body = read_body(request)
        upload = Upload(
            archive=archive_of(body, media_type),
            body_sha256=hashlib.sha256(body).hexdigest(),
            hotkey=hotkey,
            nonce=None,
            by="system:bridge",
        )
        return _answer(accept_upload(upload, now=timezone.now()))


def _admit(request: Request, view: APIView, hotkey: str) -> None:
    """A hotkey that has proved itself may still be a validator's, or come too often."""
    if hotkey in env().validator_hotkey_set:
        raise Problem(403, "hotkey_not_allowed", "A validator's hotkey may not submit.")
    limit_hotkey(hotkey, request, view)


def _answer(receipt: Receipt) -> Response:
    submission = receipt.submission
    if receipt.refused:
        extra = {"submission_id": str(submission.pk)}
        raise Problem(422, submission.reason_code, submission.reason, extra=extra)
    body = SubmissionReceipt.of(submission).model_dump(mode="json")
    return Response(body, status=201 if receipt.created else 200)
