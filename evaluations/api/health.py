"""Whether this instance can do its work, and which part of it cannot."""

import shutil
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.models import Max
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.datasets.errors import DataError
from evaluations.datasets.manifest import load_manifest
from evaluations.models import Canary
from evaluations.queues import SHARED
from prism_site.access.tokens import SLUG
from prism_site.api.permissions import Public
from prism_site.api.problems import Problem
from prism_site.api.schema import answers
from prism_site.api.version import API_VERSION, CAPABILITIES, CHALLENGE_VERSION, SDK_VERSION
from prism_site.config import env
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import resolve_policy

QUEUE_SILENT = timedelta(minutes=3)  # the stamp is renewed every minute
RETIRED = timedelta(days=1)
MIN_FREE_BYTES = 1 << 30


class Health(BaseModel):
    """All parts work."""

    status: str
    slug: str
    version: str


class Version(BaseModel):
    """What this instance speaks."""

    api_version: str
    challenge_version: str
    sdk_version: str
    capabilities: list[str]


class HealthView(APIView):
    """For load balancers and people."""

    permission_classes = [Public]

    @extend_schema(operation_id="health", responses=answers(Health, 503))
    def get(self, request: Request) -> Response:
        """200 where everything works, else 503 `unhealthy` with `failing`: part -> what is wrong."""
        failing = failing_parts()
        if failing:
            detail = f"Failing: {', '.join(failing)}."
            extra = {"failing": failing, "slug": SLUG, "version": CHALLENGE_VERSION}
            raise Problem(503, "unhealthy", detail, extra=extra)
        return Response(Health(status="ok", slug=SLUG, version=CHALLENGE_VERSION).model_dump())


def failing_parts() -> dict[str, str]:
    """What does not work, by the name of the part; queue and policy need the database to be asked."""
    found = {"database": _database()}
    if found["database"] is None:
        found |= {"queue": _queue(), "policy": _policy()}
    found |= {"disk": _disk(env().artifact_path), "data": _data()}
    return {part: problem for part, problem in found.items() if problem}


def _database() -> str | None:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return None


def _queue() -> str | None:
    """Of each cluster the host that was heard last; some other cluster may have been retired."""
    now = timezone.now()
    newest = dict(Canary.objects.values_list("cluster").annotate(Max("stamped_at")))
    if SHARED not in newest:
        return "no cluster has reported yet"
    ages = {cluster: now - stamp for cluster, stamp in newest.items()}
    if ages[SHARED] > QUEUE_SILENT:
        return f"silent for {int(ages[SHARED].total_seconds())} seconds"
    silent = sorted(cluster for cluster, age in ages.items() if QUEUE_SILENT < age < RETIRED)
    return f"silent: {', '.join(silent)}" if silent else None


def _policy() -> str | None:
    try:
        resolve_policy(official=True)
    except PolicyInvalid as error:
        return f"{error.key}, row {error.row_id}, {error.field}: {error.message}"
    return None


def _data() -> str | None:
    try:
        load_manifest(env().data_path)
    except DataError as error:
        return error.code
    return None


def _disk(folder: Path) -> str | None:
    """The folder may not exist yet; the nearest parent that does is on the same disk."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    return f"{free >> 20} MiB left for results" if free < MIN_FREE_BYTES else None


class VersionView(APIView):
    """For clients that adapt."""

    permission_classes = [Public]

    @extend_schema(operation_id="version", responses=answers(Version))
    def get(self, request: Request) -> Response:
        """Versions and capabilities."""
        version = Version(
            api_version=API_VERSION,
            challenge_version=CHALLENGE_VERSION,
            sdk_version=SDK_VERSION,
            capabilities=list(CAPABILITIES),
        )
        return Response(version.model_dump())
