"""Keeping what a submission is made of: the one writer of `Identity`."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from evaluations.intake.bundle import Bundle
from evaluations.models import Identity
from reviews.identity.source import source_hashes


def remember_identity(submission_id: UUID, bundle: Bundle, described: dict[str, Any]) -> Identity:
    """Store the hashes of a bundle's source beside the graph that was described (graph_hash, graph_source,
    graph, histogram); a later description takes the place of an earlier one.

    Raises:
        HostBusy: the host gave no time to read the source in.
    """
    source = source_hashes(bundle)
    row, _ = Identity.objects.update_or_create(
        submission_id=submission_id,
        defaults={
            "architecture_hash": source.architecture,
            "training_hash": source.training,
            "created_at": timezone.now(),
            **{name: described[name] for name in ("graph_hash", "graph_source", "graph", "histogram")},
        },
    )
    return row
