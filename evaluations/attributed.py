"""Which family a submission stands in, and with which training variant.

Both belong to the scores; this room only reads those of one submission.
"""

from typing import Any, TypedDict

from evaluations.models import Submission


class Attributed(TypedDict):
    """Ids; null before there is an attribution, and where it claims nothing."""

    family: str | None
    variant: str | None


def attributed(submission: Submission) -> Attributed:
    """Where a submission stands."""
    row: Any = getattr(submission, "attribution", None)
    if row is None or row.state != "standing":
        return Attributed(family=None, variant=None)
    variants = row.family.variants.filter(training_hash=row.training_hash).values_list("pk", flat=True)
    variant = variants.first() if row.training_hash else None
    return Attributed(family=str(row.family_id), variant=str(variant) if variant else None)
