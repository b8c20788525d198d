"""How often each rule and each reviewer stopped a submission, and how often operators let it go on.

A rule has fired when it found anything in a submission. What asked for a hold is judged by the decision
about it: `confirm` upholds all findings that asked for that hold, anything else overturns all of them.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from pydantic import BaseModel

from evaluations.checklist.claim import items, section
from prism_site.operator.wilson import wilson
from reviews.models import Hold, Review
from reviews.models.transcript import Transcript

WINDOWS = (7, 30, 90, 365)  # days
DEFAULT_DAYS = 90
ENOUGH = 10  # decisions; a rate of fewer says nothing
ASKS_FOR_A_HOLD = ("hold", "quarantine")
REVIEWED = frozenset({Hold.Kind.QUARANTINE, Hold.Kind.LLM_SUSPICION})  # opened for what reviewers found
UNNAMED = "review"
LABELS = {
    **dict(Review.Reviewer.choices),
    **{kind.value: kind.label for kind in Hold.Kind if kind not in REVIEWED},
    UNNAMED: "Review",
}
CHUNK = 500
Key = tuple[str, str]  # source, rule; or source, model


class Overturns(BaseModel):
    """One rule of a source, or one source; shares from 0 to 1, none where nobody has decided."""

    source: str  # a reviewer, or the kind of a hold that needs none
    label: str
    rule: str  # a finding's code or a hold's reason; of a reviewer the model, empty for those without
    fired: int  # submissions
    held: int  # holds
    confirmed: int
    overturned: int  # a person let it go on
    expired: int  # nobody decided
    decided: int
    is_enough: bool
    rate: float | None
    low: float | None  # of the 95 % interval
    high: float | None

    @property
    def percent(self) -> str:
        """The rate with its interval, for people."""
        if self.rate is None or self.low is None or self.high is None:
            return ""
        return f"{self.rate:.0%} ({self.low:.0%} to {self.high:.0%})".replace("%", "\u202f%")


class OverturnReport(BaseModel):
    """Everything that fired in so many days, the most frequent first."""

    days: int
    enough: int
    reviewers: list[Overturns]
    rules: list[Overturns]


@dataclass
class _Tally:
    """What is counted for one rule."""

    fired: set[UUID] = field(default_factory=set)
    statuses: list[str] = field(default_factory=list)  # of its holds: confirm, overturned, expired or open


def report(days: int = DEFAULT_DAYS) -> OverturnReport:
    """What fired in the last `days` days, and what became of it; three queries."""
    since = timezone.now() - timedelta(days=days)
    models = _models(since)
    rules: defaultdict[Key, _Tally] = defaultdict(_Tally)
    reviewers: defaultdict[Key, _Tally] = defaultdict(_Tally)
    for submission_id, found in _fired(since):
        for key in found:
            rules[key].fired.add(submission_id)
            reviewers[_reviewer(key, submission_id, models)].fired.add(submission_id)
    for hold in _holds(since):
        stopped = _rules_of(hold)
        stopping = {_reviewer(key, hold.submission_id, models) for key in stopped}
        for tally in [*(rules[key] for key in stopped), *(reviewers[key] for key in stopping)]:
            tally.fired.add(hold.submission_id)
            tally.statuses.append(_became(hold))
    return OverturnReport(days=days, enough=ENOUGH, reviewers=_lines(reviewers), rules=_lines(rules))


def days_of(asked: str) -> int:
    """A window; anything else is the default."""
    return next((days for days in WINDOWS if str(days) == asked), DEFAULT_DAYS)


def _fired(since: datetime) -> Iterator[tuple[UUID, set[Key]]]:
    rows = Review.objects.filter(created_at__gte=since).exclude(findings=[]).order_by()
    for submission_id, reviewer, findings in rows.values_list(
        "submission_id", "reviewer", "findings"
    ).iterator(CHUNK):
        yield submission_id, {(reviewer, each["code"]) for each in findings if each["outcome"] != "pass"}


def _holds(since: datetime) -> Iterator[Hold]:
    return Hold.objects.filter(created_at__gte=since).order_by().iterator(CHUNK)


def _rules_of(hold: Hold) -> set[Key]:
    """The rules that asked for a hold; one without findings was opened by its kind for its reason."""
    if Hold.Kind(hold.kind) not in REVIEWED:
        return {(hold.kind, hold.reason_code)}
    found = [item for item in items(section(hold.evidence).get("findings")) if _asks(item)]
    return {(_source(item), str(item.get("code", ""))) for item in found} or {(UNNAMED, hold.reason_code)}


def _asks(finding: Any) -> bool:
    return finding.get("outcome") in ASKS_FOR_A_HOLD


def _source(finding: Any) -> str:
    name = finding.get("reviewer", "")
    return name if name in LABELS else UNNAMED


def _became(hold: Hold) -> str:
    match Hold.Status(hold.status):
        case Hold.Status.RESOLVED:
            return "confirmed" if hold.decision == Hold.Decision.CONFIRM else "overturned"
        case status:
            return status.value


def _models(since: datetime) -> dict[UUID, str]:
    """Which model reviewed a submission: the newest that gave a verdict."""
    gave = Transcript.objects.filter(created_at__gte=since).exclude(outcome=Transcript.Outcome.FAILED)
    rows = gave.order_by("created_at").values_list("submission_id", "answered_by", "model")
    return {submission_id: answered_by or model for submission_id, answered_by, model in rows}


def _reviewer(key: Key, submission_id: UUID, models: dict[UUID, str]) -> Key:
    source = key[0]
    return source, models.get(submission_id, "") if source == Review.Reviewer.LLM else ""


def _lines(tallies: dict[Key, _Tally]) -> list[Overturns]:
    lines = [_line(key, tally) for key, tally in tallies.items()]
    return sorted(lines, key=lambda line: (-line.fired, line.source, line.rule))


def _line(key: Key, tally: _Tally) -> Overturns:
    counts = {name: tally.statuses.count(name) for name in ("confirmed", "overturned", "expired")}
    decided = counts["confirmed"] + counts["overturned"]
    low, high = wilson(counts["overturned"], decided) if decided else (None, None)
    return Overturns(
        source=key[0],
        label=LABELS[key[0]],
        rule=key[1],
        fired=len(tally.fired),
        held=len(tally.statuses),
        **counts,
        decided=decided,
        is_enough=decided >= ENOUGH,
        rate=counts["overturned"] / decided if decided else None,
        low=low,
        high=high,
    )
