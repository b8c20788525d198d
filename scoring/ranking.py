"""Who stands before whom: by final score, then the earliest accepted, then the id."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A scored submission, as far as its rank depends on it."""

    submission_id: UUID
    hotkey: str
    final_score: float
    accepted_at: datetime


def rank_key(contender: Contender) -> tuple[float, datetime, UUID]:
    """Sorts the better first; two submissions never compare equal."""
    return (-contender.final_score, contender.accepted_at, contender.submission_id)


def is_better(candidate: Contender, best: Contender) -> bool:
    """Whether `candidate` takes the place of `best`; an equal score that came later does not."""
    return rank_key(candidate) < rank_key(best)


def rank(contenders: Iterable[Contender]) -> list[Contender]:
    """The best submission of every hotkey, the first of the list being rank 1."""
    best: dict[str, Contender] = {}
    for contender in sorted(contenders, key=rank_key):
        best.setdefault(contender.hotkey, contender)
    return list(best.values())
