"""Waiting longer after every failure, each host by its own dice: an outage shall not end with a herd."""

import random


class Backoff:
    """How long to leave something alone that fails; full jitter, as of Brooker (2015)."""

    def __init__(self, *, first_seconds: float = 1.0, most_seconds: float = 20.0) -> None:
        self.first_seconds, self.most_seconds = first_seconds, most_seconds
        self.failures = 0

    def failed(self) -> float:
        """Seconds to wait now: up to twice as many as the last time, within the limit."""
        longest = min(self.first_seconds * 2**self.failures, self.most_seconds)
        self.failures = min(self.failures + 1, 30)
        return random.uniform(0, longest)  # noqa: S311 - dice, no secret

    def succeeded(self) -> None:
        """The next failure is a first one."""
        self.failures = 0
