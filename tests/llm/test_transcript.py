"""A transcript is history: it has a verdict or an error, and nobody may write it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import timezone

from reviews.models import Transcript
from tests import factories

pytestmark = pytest.mark.django_db

VERDICT = {"verdict": "allow", "confidence": 1.0, "categories": [], "evidence": []}


def make_transcript(**fields: Any) -> Transcript:
    submission = factories.make_submission()
    return Transcript.objects.create(
        submission=submission, created_at=timezone.now(), prompt_version="1+abc", **fields
    )


def test_reading_is_the_only_permission_there_is() -> None:
    codenames = Permission.objects.filter(content_type__model="transcript").values_list("codename", flat=True)
    assert list(codenames) == ["view_transcript"]


@pytest.mark.parametrize(
    "fields",
    [{"outcome": "failed", "error_code": "timed_out"}, {"outcome": "allow", "verdict": VERDICT}],
)
def test_verdict_or_error_is_kept(fields: dict[str, Any]) -> None:
    make_transcript(**fields).refresh_from_db()


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "failed"},
        {"outcome": "failed", "error_code": "timed_out", "verdict": VERDICT},
        {"outcome": "allow"},
        {"outcome": "allow", "error_code": "timed_out", "verdict": VERDICT},
    ],
)
def test_half_a_conversation_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_transcript(**fields)
