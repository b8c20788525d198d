"""Reading an accepted bundle back from its row."""

from typing import Any
from uuid import UUID

from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, read_bundle
from evaluations.models import StoredBundle


class BundleChanged(Exception):
    """The stored bytes are no longer those that were accepted."""

    code = "bundle_changed"


def stored_bundle(submission_id: UUID) -> Bundle:
    """The bundle of a submission, read under the limits that it was accepted with.

    Raises:
        BundleChanged: the content is not what the submission's `code_hash` says.
    """
    stored = StoredBundle.objects.select_related("submission").get(pk=submission_id)
    bundle = read_bundle(bytes(stored.archive), limits_of(bytes(stored.archive), stored.files))
    if bundle.code_hash != stored.submission.code_hash:
        raise BundleChanged(f"submission {submission_id}: stored bundle has hash {bundle.code_hash}")
    return bundle


def limits_of(archive: bytes, files: list[dict[str, Any]]) -> ArchiveLimits:
    """Those of what was accepted, listed in `files`: policy may have been tightened since."""
    sizes = [file["bytes"] for file in files]
    return ArchiveLimits(max_zip_bytes=len(archive), max_files=len(sizes) * 2 + 1, max_total_bytes=sum(sizes))
