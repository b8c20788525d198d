"""Keeping a description for whoever looks at the submission later."""

from uuid import UUID

from django.utils import timezone

from reviews.describe.review import Described
from reviews.models import Description


def remember(submission_id: UUID, described: Described) -> Description:
    """Store what was found; a later description of the same submission takes its place."""
    row, _ = Description.objects.update_or_create(
        submission_id=submission_id,
        defaults={
            "verdict": described.verdict,
            "code": described.code,
            "facts": described.facts,
            "traceback": described.traceback,
            "duration_seconds": described.seconds,
            "created_at": timezone.now(),
        },
    )
    return row
