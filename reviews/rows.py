"""Reading back what reviewers wrote."""

from uuid import UUID

from reviews.ladder import Finding
from reviews.models import Review


def findings_of(submission_id: UUID) -> list[Finding]:
    """Everything that the reviewers of a submission found, in their order."""
    rows = Review.objects.filter(submission_id=submission_id).order_by("created_at", "pk")
    return [Finding.from_json(stored) for row in rows for stored in row.findings]
