"""Up to twelve submissions side by side, the first of which the others are measured by."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evaluations.checklist.claim import number, section
from evaluations.enums import Mode, Verdict
from evaluations.models import Run, Submission
from prism_site.config import env
from prism_site.policy.resolve import resolve_policy
from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring import standings
from scoring.differences import Difference, difference
from scoring.models import Quality, Score

MOST = 12
BEST = "best"  # stands for the submission that leads the mode of the others

Manifest = Mapping[str, Any]


class CompareRefused(Exception):
    """What was asked for cannot be compared; `status` is that of the answer."""

    code = "invalid"
    status = 400


class NothingToCompare(CompareRefused):
    """No submission was named."""

    code = "nothing_to_compare"


class TooManyToCompare(CompareRefused):
    """More submissions were named than a picture can hold."""

    code = "too_many_to_compare"


class NoSubmissionId(CompareRefused):
    """Something was named that is no submission's id."""

    code = "submission_id_malformed"


class UnknownSubmission(CompareRefused):
    """A submission was named that does not exist."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One submission with its scored manifests, one per seed, and its difference from the first."""

    number: int  # from 1: how the page calls it
    submission: Submission
    manifests: tuple[Manifest, ...]
    difference: Difference | None  # null for the first

    @property
    def name(self) -> str:
        """What the miner called it."""
        return self.submission.name or "unnamed"

    @property
    def score(self) -> Score | None:
        """Its score, if it has one."""
        return getattr(self.submission, "score", None)

    @property
    def quality(self) -> Quality | None:
        """The account of its qualities, if there is one."""
        return getattr(self.submission, "quality", None)

    def mean(self, part: str, name: str) -> float | None:
        """The mean over seeds of a figure of the manifests; null where one has none."""
        found = [number(section(manifest.get(part)).get(name)) for manifest in self.manifests]
        known = [value for value in found if value is not None]
        return statistics.fmean(known) if known and len(known) == len(found) else None


@dataclass(frozen=True)
class Compared:
    """What a page, a picture and the API show."""

    thresholds: ImprovementThresholds
    contestants: tuple[Contestant, ...] = field(default=())

    @property
    def ids(self) -> str:
        """All of them in a query string."""
        return ",".join(str(each.submission.pk) for each in self.contestants)

    @property
    def relative_percent(self) -> str:
        """The relative threshold in per cent."""
        return f"{100 * self.thresholds.min_delta_rel:g}"

    @property
    def required_bpb(self) -> float | None:
        """What a gain over the first has to exceed; null where nothing was compared."""
        tested = [each.difference.improvement for each in self.contestants if each.difference]
        return next((one.required_bpb for one in tested if one is not None), None)


def names_in(values: Iterable[str]) -> list[str]:
    """`?ids=a,b` and `?ids=a&ids=b` alike, each name once, in order; raises `CompareRefused`."""
    names = dict.fromkeys(name.strip() for value in values for name in value.split(","))
    found = [name for name in names if name]
    if not found:
        raise NothingToCompare("Name submissions by their ids.")
    if len(found) > MOST:
        raise TooManyToCompare(f"{len(found)} submissions were named; at most {MOST} are compared.")
    return found


def compared(names: Sequence[str]) -> Compared:
    """Read and compare; the first is what the others are measured by. Raises `CompareRefused`."""
    submissions = _submissions(names)
    manifests = _manifests(submissions)
    thresholds = resolve_policy(official=False).score_weights.improvement_thresholds
    first = manifests[submissions[0].pk]
    contestants = [
        Contestant(
            number=place,
            submission=submission,
            manifests=tuple(manifests[submission.pk]),
            difference=difference(first, manifests[submission.pk], thresholds) if place > 1 else None,
        )
        for place, submission in enumerate(submissions, start=1)
    ]
    return Compared(thresholds, tuple(contestants))


def _submissions(names: Sequence[str]) -> list[Submission]:
    ids = [_id(name) for name in names if name != BEST]
    found = Submission.objects.select_related("score", "quality").in_bulk(ids)
    if unknown := [str(asked) for asked in ids if asked not in found]:
        raise UnknownSubmission(f"There is no submission {', '.join(unknown)}.")
    if BEST in names:
        leader = _leader([found[asked] for asked in ids])
        return list(dict.fromkeys(found[_id(name)] if name != BEST else leader for name in names))
    return list(dict.fromkeys(found[asked] for asked in ids))


def _id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NoSubmissionId(f"{name[:64]!r} is no submission's id.") from None


def _leader(others: Sequence[Submission]) -> Submission:
    mode = Mode(others[0].mode) if others else Mode(env().execution_mode)
    entries = standings.leaderboard(mode, limit=1)
    if not entries:
        raise UnknownSubmission(f"No submission leads {mode}: none has a score.")
    return Submission.objects.select_related("score", "quality").get(pk=entries[0].score.submission_id)


def _manifests(submissions: Sequence[Submission]) -> dict[UUID, list[Manifest]]:
    rows = Run.objects.filter(submission__in=submissions, verdict=Verdict.SCORED).order_by("seed")
    found: dict[UUID, list[Manifest]] = {submission.pk: [] for submission in submissions}
    for submission_id, manifest in rows.values_list("submission_id", "manifest"):
        if submission_id is not None and manifest:
            found[submission_id].append(manifest)
    return found
