"""`POST /v1/submissions/precheck`: the findings of a bundle, before it counts."""

from datetime import datetime
from typing import Self

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.signed import SIGNED_HEADERS, signed_body
from evaluations.api.upload_body import archive_of, body_limits
from evaluations.api.uploads import BODIES, UPLOAD_PROBLEMS
from evaluations.intake.accept import upload_limits
from prism_site.access.throttles import UploadAddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.problems import TRY_AGAIN_SECONDS, Problem
from prism_site.api.schema import answers
from prism_site.policy.resolve import resolve_policy
from reviews import quota as quotas
from reviews.bounded_child import HostBusy
from reviews.ladder import Finding
from reviews.precheck import Prechecked, precheck


class PrecheckFinding(BaseModel):
    """One thing that was found; `line` is 0 where there is none."""

    reviewer: str
    code: str
    outcome: str
    message: str
    file: str
    line: int
    quote: str

    @classmethod
    def of(cls, reviewer: str, finding: Finding) -> Self:
        """A finding with who found it."""
        stored = finding.as_json()
        stored.pop("category")
        return cls(reviewer=reviewer, **stored)


class PrecheckQuota(BaseModel):
    """Prechecks of the hotkey on this UTC day."""

    limit: int
    used: int
    resets_at: datetime


class PrecheckAnswer(BaseModel):
    """`outcome` is the worst: pass, flag, hold, quarantine or reject; other reviews follow a submission."""

    outcome: str
    code_hash: str
    findings: list[PrecheckFinding]
    quota: PrecheckQuota

    @classmethod
    def of(cls, found: Prechecked, used: quotas.Quota) -> Self:
        """The answer to one precheck."""
        return cls(
            outcome=found.outcome.name.lower(),
            code_hash=found.code_hash,
            findings=[PrecheckFinding.of(reviewer, finding) for reviewer, finding in found.findings],
            quota=PrecheckQuota(**vars(used)),
        )


class PrecheckView(APIView):
    """The door, with nobody going through."""

    permission_classes = [Public]
    throttle_classes = [UploadAddressThrottle]

    @extend_schema(
        operation_id="precheck",
        parameters=SIGNED_HEADERS,
        request=BODIES,
        responses=answers(PrecheckAnswer, *(each for each in UPLOAD_PROBLEMS if each not in (409, 422))),
    )
    def post(self, request: Request) -> Response:
        """The same signed body as an upload: bundle, rules and duplicates. Nothing but a count is stored."""
        limits = upload_limits()
        sent = signed_body(request, self, body_limits(limits.max_zip_bytes))
        archive = archive_of(sent.raw, sent.media_type)
        now = timezone.now()
        used = _take(sent.hotkey, now)
        try:
            found = precheck(
                archive, hotkey=sent.hotkey, limits=limits, policy=resolve_policy(official=False)
            )
        except HostBusy as error:
            quotas.give_back(sent.hotkey, now=now)
            raise Problem(503, "try_again", headers={"Retry-After": str(TRY_AGAIN_SECONDS)}) from error
        return Response(PrecheckAnswer.of(found, used).model_dump(mode="json"))


def _take(hotkey: str, now: datetime) -> quotas.Quota:
    try:
        return quotas.take(hotkey, now=now)
    except quotas.QuotaSpent as spent:
        headers = {"Retry-After": str(spent.wait_seconds)}
        raise Problem(429, spent.code, str(spent), headers=headers) from spent
