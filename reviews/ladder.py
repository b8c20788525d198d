"""The one ladder of outcomes, and how findings climb it. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Self


class Outcome(IntEnum):
    """What a review concludes; the order is the severity: pass < flag < hold < quarantine < reject."""

    PASS = 0
    FLAG = 1  # goes on, and an operator can see it
    HOLD = 2  # stops until an operator decides
    QUARANTINE = 3  # a hold of suspicion
    REJECT = 4  # deterministic evidence only


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a review saw, with the place where it stands."""

    code: str
    outcome: Outcome
    message: str  # for people: one sentence
    file: str = ""
    line: int = 0  # 1-based; 0 where the finding has no line
    quote: str = ""  # the source that it is about, as submitted, cut to what a page can show
    category: str = ""  # of the rule; the evidence gate asks whether a rule of a category fired

    @property
    def sentence(self) -> str:
        """The message with its place, for people."""
        place = f"{self.file}, line {self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return place + self.message

    def as_json(self) -> dict[str, Any]:
        """The finding as it is stored; the outcome by its name."""
        return {**asdict(self), "outcome": self.outcome.name.lower()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(**{**stored, "outcome": Outcome[stored["outcome"].upper()]})


def worst(findings: Iterable[Finding]) -> Outcome:
    """The outcome that decides; nothing found passes."""
    return max((finding.outcome for finding in findings), default=Outcome.PASS)


def deciding(findings: Iterable[Finding]) -> Finding | None:
    """The first finding of the worst outcome: what a submission is told."""
    return max(findings, key=lambda finding: finding.outcome, default=None)
