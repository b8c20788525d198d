"""What the likeness of two bundles means by policy. Pure.

Who resembles work that its own hotkey sent first copies nobody; of several that are alike the earliest
accepted is the author. Only a whole that is the same rejects; what was added to or taken from a copy is
looked at by a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prism_site.policy.schemas.reviews import DuplicateThresholds
from reviews.duplicates.profile import FilePair, Likeness
from reviews.ladder import Finding, Outcome

CATEGORY = "duplicate"
LEAST_SHINGLES = 100  # of a bundle's own: two programs of fewer may be alike by chance
EXACT, SOURCE, SUSPECTED = "duplicate_exact", "duplicate_source", "duplicate_suspected"
FILE, OWN = "duplicate_file", "duplicate_own_work"


@dataclass(frozen=True)
class Match:
    """An earlier submission next to the one under review."""

    submission_id: UUID
    hotkey: str
    created_at: datetime
    same_code: bool  # byte for byte
    shingles: int  # of its own, in the smaller of the two
    likeness: Likeness
    files: tuple[FilePair, ...]

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the order of acceptance."""
        return self.created_at, self.submission_id

    def is_copied(self, thresholds: DuplicateThresholds) -> bool:
        """Whether the two are the same source."""
        alike = self.likeness.similarity >= thresholds.static_reject_similarity
        return self.same_code or (alike and self.shingles >= LEAST_SHINGLES)

    def is_alike(self, thresholds: DuplicateThresholds) -> bool:
        """Whether the two are too alike to go on unseen."""
        alike = self.likeness.overlap >= thresholds.quarantine_source_similarity
        return self.same_code or (alike and self.shingles >= LEAST_SHINGLES)


def judge(hotkey: str, matches: Sequence[Match], thresholds: DuplicateThresholds) -> list[Finding]:
    """At most one finding of the whole, else what single files show."""
    copied = [match for match in matches if match.is_copied(thresholds)]
    alike = [match for match in matches if match.is_alike(thresholds)]
    own_copied, their_copied = _first(copied, hotkey)
    own_alike, their_alike = _first(alike, hotkey)
    if their_copied and not _precedes(own_copied, their_copied):
        if _precedes(own_alike, their_copied):
            return [_suspected(their_copied)]  # who improved whose work is for a person to say
        return [_copied(their_copied, thresholds)]
    if their_alike and not _precedes(own_alike, their_alike):
        return [_suspected(their_alike)]
    if own_alike:
        return [_own(own_alike)]
    return _files(hotkey, matches, thresholds)


def _first(matches: Sequence[Match], hotkey: str) -> tuple[Match | None, Match | None]:
    """The earliest of one's own and the earliest of anybody else's."""
    own = [match for match in matches if match.hotkey == hotkey]
    theirs = [match for match in matches if match.hotkey != hotkey]
    return _earliest(own), _earliest(theirs)


def _earliest(matches: list[Match]) -> Match | None:
    return min(matches, key=lambda match: match.place, default=None)


def _precedes(own: Match | None, theirs: Match) -> bool:
    return own is not None and own.place < theirs.place


def _copied(match: Match, thresholds: DuplicateThresholds) -> Finding:
    exact = match.same_code or match.likeness.similarity >= thresholds.exact_source_similarity
    how = "The files are" if match.same_code else "Apart from names, order, layout and numbers the source is"
    share = "" if match.same_code else f" to {match.likeness.similarity:.0%}"
    return Finding(
        code=EXACT if exact else SOURCE,
        outcome=Outcome.REJECT,
        message=f"{how}{share} that of submission {match.submission_id}, which another hotkey sent before.",
        category=CATEGORY,
    )


def _suspected(match: Match) -> Finding:
    like = match.likeness
    return Finding(
        code=SUSPECTED,
        outcome=Outcome.QUARANTINE,
        message=(
            f"The source resembles submission {match.submission_id}, which another hotkey sent before:"
            f" similarity {like.similarity:.2f}, {like.containment:.0%} of the earlier source is in this one,"
            f" {like.contained:.0%} of this one in the earlier."
        ),
        category=CATEGORY,
    )


def _own(match: Match) -> Finding:
    return Finding(
        code=OWN,
        outcome=Outcome.PASS,
        message=f"The source continues submission {match.submission_id} of the same hotkey.",
        category=CATEGORY,
    )


def _files(hotkey: str, matches: Sequence[Match], thresholds: DuplicateThresholds) -> list[Finding]:
    """Single files that are another hotkey's, in a bundle that is not: a variant of known work, perhaps."""
    seen: dict[str, Finding] = {}
    for match in sorted(matches, key=lambda match: match.place):
        for pair in match.files:
            if match.hotkey != hotkey and pair.similarity >= thresholds.static_reject_similarity:
                message = f"The file resembles {pair.other} of submission {match.submission_id}."
                seen.setdefault(
                    pair.file,
                    Finding(
                        code=FILE, outcome=Outcome.FLAG, message=message, file=pair.file, category=CATEGORY
                    ),
                )
    return [seen[file] for file in sorted(seen)]
