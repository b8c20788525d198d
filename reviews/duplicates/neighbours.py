"""The nearest earlier submissions of one, from stored signatures: what an operator looks at side by side."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from evaluations.models import Submission
from reviews.duplicates import store
from reviews.duplicates.judge import Match
from reviews.duplicates.profile import FilePair, Profile, file_pairs, likeness
from reviews.duplicates.store import Known
from reviews.models import SourceSignature

SHOWN_FILES = 0.1  # similarity from which two files belong side by side
WITH_FILES = 16  # matches whose files are compared one by one


@dataclass(frozen=True)
class Neighbour:
    """An earlier submission and how alike it is; every figure from 0 to 1."""

    submission_id: UUID
    hotkey: str
    created_at: datetime
    similarity: float
    containment: float  # the share of the earlier one that is in this one
    contained: float  # the share of this one that is in the earlier one
    files: tuple[FilePair, ...]

    @classmethod
    def of(cls, match: Match) -> Self:
        """A match as it is shown."""
        like = match.likeness
        return cls(
            submission_id=match.submission_id,
            hotkey=match.hotkey,
            created_at=match.created_at,
            similarity=1.0 if match.same_code else round(like.similarity, 4),
            containment=1.0 if match.same_code else round(like.containment, 4),
            contained=1.0 if match.same_code else round(like.contained, 4),
            files=match.files,
        )

    def as_json(self) -> dict[str, Any]:
        """For a hold's evidence."""
        return {
            **asdict(self),
            "submission_id": str(self.submission_id),
            "created_at": self.created_at.isoformat(),
        }


def nearest(submission_id: UUID, limit: int = 10) -> list[Neighbour]:
    """The earlier submissions that a submission resembles most; none where it was not compared yet."""
    row = SourceSignature.objects.select_related("submission").filter(submission_id=submission_id).first()
    if row is None:
        return []
    return [Neighbour.of(match) for match in matches_of(row.submission, store.profile_in(row))[:limit]]


def matches_of(submission: Submission, profile: Profile) -> list[Match]:
    """Every candidate with its true likeness, the most alike first; files only of those near the top."""
    found = sorted(
        (_match(submission, profile, known) for known in store.earlier_than(submission, profile)),
        key=lambda pair: (not pair[0].same_code, -pair[0].likeness.overlap, pair[0].place),
    )
    return [
        replace(match, files=file_pairs(known.profile, profile, SHOWN_FILES)) if rank < WITH_FILES else match
        for rank, (match, known) in enumerate(found)
    ]


def _match(submission: Submission, profile: Profile, known: Known) -> tuple[Match, Known]:
    match = Match(
        submission_id=known.submission_id,
        hotkey=known.hotkey,
        created_at=known.created_at,
        same_code=known.code_hash == submission.code_hash,
        shingles=min(len(known.profile.live), len(profile.live)),
        likeness=likeness(known.profile, profile),
        files=(),
    )
    return match, known
