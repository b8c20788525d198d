"""What its owner is told about a held submission: by when somebody looks, and what each ending means.

Holds belong to the reviews; this room only reads those of one submission.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from evaluations.enums import Status
from evaluations.models import Submission
from prism_site.config import env

OTHERWISE = "If the operator confirms the doubt, it is rejected, with the operator's note."
ENDINGS: Mapping[str, str] = {
    "integrity_anomaly": (
        "If it is released, its score stands at 0; if the anomaly is cleared, its score counts in full. "
        + OTHERWISE
    ),
    "infrastructure": (
        "If it is released, it is evaluated again; if not, it has failed. Its owner may ask for another try "
        "without waiting: POST /v1/submissions/{id}/retry."
    ),
}
GOES_ON = "If it is released, it goes on where it was stopped. " + OTHERWISE


@dataclass(frozen=True, kw_only=True)
class Held:
    """The most urgent open hold of a submission, as the public sees it."""

    kind: str
    summary: str
    due_at: datetime
    expires_at: datetime

    @property
    def next(self) -> str:
        """What happens next, in sentences."""
        return (
            f"An operator looks at it, normally before {self.due_at:%d %B, %H:%M} UTC. "
            f"{ENDINGS.get(self.kind, GOES_ON)} "
            f"If nobody decides before {self.expires_at:%d %B, %H:%M} UTC, it is rejected as hold_expired "
            "and may be sent again."
        )


def held(submission: Submission) -> Held | None:
    """What stops a held submission; None where it is not held, or its hold is just being opened."""
    if submission.status != Status.HELD:
        return None
    holds: Any = submission.holds  # type: ignore[attr-defined,unused-ignore]  # the reviews' relation
    hold = holds.filter(status="open").order_by("due_at", "pk").first()
    if hold is None:
        return None
    patience = timedelta(seconds=max(env().held_review_timeout_seconds - env().hold_due_seconds, 0))
    return Held(kind=hold.kind, summary=hold.summary, due_at=hold.due_at, expires_at=hold.due_at + patience)
