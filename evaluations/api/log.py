"""The learner's own log: text of an untrusted process, read in slices and never through a link."""

import os
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.backends.folders import folder_of
from evaluations.models import Attempt, Submission
from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.schema import answers

LOG_NAME = "learner.log"
SLICE_BYTES = 64 * 1024


class LogQuery(serializers.Serializer[Any]):
    """Where to go on."""

    since = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=2**53, help_text="`next_since` of the last answer"
    )


class LogSlice(BaseModel):
    """At most 64 KiB of the log of the newest attempt, from byte `since`; `size_bytes` is all there is."""

    attempt: int | None = None
    text: str = ""
    since: int
    next_since: int
    size_bytes: int = 0


class SubmissionLogView(APIView):
    """The log of one submission's newest attempt."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(
        operation_id="submission_log", parameters=[LogQuery], responses=answers(LogSlice, 400, 404)
    )
    def get(self, request: Request, submission_id: UUID) -> Response:
        """What the learner printed; bytes that are not UTF-8 are replaced."""
        query = LogQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        get_object_or_404(Submission.objects.only("id"), pk=submission_id)
        return Response(_slice(submission_id, query.validated_data["since"]).model_dump(mode="json"))


def _slice(submission_id: UUID, since: int) -> LogSlice:
    attempts = Attempt.objects.filter(run__submission_id=submission_id)
    attempt = attempts.order_by("-started_at", "-pk").first()
    if attempt is None:
        return LogSlice(since=since, next_since=since)
    raw, size_bytes = read_slice(folder_of(attempt.label) / LOG_NAME, since)
    return LogSlice(
        attempt=attempt.number,
        text=raw.decode("utf-8", "replace"),
        since=since,
        next_since=since + len(raw),
        size_bytes=size_bytes,
    )


def read_slice(path: Path, since: int) -> tuple[bytes, int]:
    """(up to 64 KiB from byte `since`, size of the file); nothing where there is no plain file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b"", 0
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return b"", 0
        file.seek(since)
        raw = file.read(SLICE_BYTES)
    at_end = since + len(raw) >= status.st_size
    return (raw if at_end else _whole_characters(raw)), status.st_size


def _whole_characters(raw: bytes) -> bytes:
    """Leave a character that the slice cuts in two to the next slice."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_at_end = error.end == len(raw) and error.reason == "unexpected end of data"
        return raw[: error.start] if cut_at_end and error.start > 0 else raw
    return raw
