"""What a replay comes to: what would flip, over what it was computed, and what could not be judged again."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

Row = TypeVar("Row")
Monotonic = Callable[[], float]
SHOWN_FLIPS = 50


@dataclass(frozen=True, kw_only=True)
class Flip:
    """One decision that the draft would have made otherwise."""

    submission_id: UUID
    name: str
    before: str  # under the policy in force
    after: str  # under the draft
    detail: str = ""


@dataclass(kw_only=True)
class Replayed:
    """One kind of decision, judged again under both policies from the same facts."""

    title: str
    flips: list[Flip] = field(default_factory=list)
    judged: int = 0
    left_out: Counter[str] = field(default_factory=Counter)  # why something could not be judged again
    oldest: datetime | None = None  # of those judged
    more: int = 0  # there are, beyond the count or the time that was asked for
    note: str = ""  # what a reader has to know about the figures

    @property
    def shown(self) -> list[Flip]:
        """The first flips, as many as a page can hold."""
        return self.flips[:SHOWN_FLIPS]

    @property
    def hidden(self) -> int:
        """How many flips are not shown."""
        return max(0, len(self.flips) - SHOWN_FLIPS)

    def skip(self, why: str) -> None:
        """Something of this kind cannot be judged again."""
        self.left_out[why] += 1

    def judge(self, at: datetime, flip: Flip | None) -> None:
        """Something was judged again; `flip` where the answer differs."""
        self.judged += 1
        self.oldest = min(self.oldest or at, at)
        if flip is not None:
            self.flips.append(flip)


@dataclass
class Budget:
    """How much is judged again: the last so many of each kind, and for so many seconds."""

    last: int
    seconds: float
    now: Monotonic = time.monotonic

    def __post_init__(self) -> None:
        self._ends = self.now() + self.seconds

    @property
    def is_spent(self) -> bool:
        """Whether the time is up."""
        return self.now() >= self._ends

    def spend(self, rows: Iterable[Row], found: Replayed, total: int) -> Iterator[Row]:
        """The rows until the time is up; `found.more` tells what was not come to."""
        come_to = 0
        for row in rows:
            if self.is_spent:
                break
            come_to += 1
            yield row
        found.more = total - come_to
