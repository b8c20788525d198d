"""How long to wait before asking a broker again: longer each time, and never all at the same moment."""

import random
import time
from dataclasses import dataclass

DRAW = random.SystemRandom()


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds of the first pause, of the longest, and of all of them together."""

    first_seconds: float = 1.0
    most_seconds: float = 60.0
    total_seconds: float = 600.0


class Waiting:
    """The pauses of one courier; each is drawn from the upper half of a stretch that doubles."""

    def __init__(self, patience: Patience) -> None:
        self._patience, self._began, self._pause = patience, time.monotonic(), patience.first_seconds

    def next_seconds(self, advised: float = 0.0) -> float | None:
        """The next pause, no shorter than advised; None when patience is at its end."""
        stretch = min(self._pause, self._patience.most_seconds)
        self._pause *= 2
        pause = advised + DRAW.uniform(stretch / 2, stretch)
        left = self._patience.total_seconds - (time.monotonic() - self._began)
        return pause if pause < left else None
