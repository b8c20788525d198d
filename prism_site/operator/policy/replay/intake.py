"""Uploads again, against the sizes that an upload may have."""

from django.db.models.functions import Length

from evaluations.models import StoredBundle
from prism_site.operator.policy.replay.replayed import Budget, Flip, Replayed
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.limits import ArtifactLimits

TITLE = "Uploads"
NOTE = "Uploads that were refused are not stored, so that none of them can be taken now."


def intake(now: Policy, draft: Policy, budget: Budget) -> Replayed:
    """Which accepted uploads would have been refused."""
    found = Replayed(title=TITLE, note=NOTE)
    rows = StoredBundle.objects.annotate(archive_bytes=Length("archive")).defer("archive", "manifest")
    rows = rows.select_related("submission").order_by("-submission__created_at", "-pk")
    for row in budget.spend(rows[: budget.last], found, rows.count()):
        sizes = [entry["bytes"] for entry in row.files]
        before, after = (
            verdict_of(row.archive_bytes, sizes, policy.artifact_limits) for policy in (now, draft)
        )
        flip = Flip(submission_id=row.pk, name=row.submission.name, before=before, after=after)
        found.judge(row.submission.created_at, flip if before != after else None)
    return found


def verdict_of(archive_bytes: int, sizes: list[int], limits: ArtifactLimits) -> str:
    """Accepted, or the limit that is exceeded; sizes in bytes."""
    exceeded = {
        f"refused: archive of {archive_bytes} bytes": archive_bytes > limits.max_code_bytes,
        f"refused: {len(sizes)} files": len(sizes) > limits.max_files,
        f"refused: {sum(sizes)} bytes inflated": sum(sizes) > limits.max_bytes,
    }
    return next((words for words, applies in exceeded.items() if applies), "accepted")
