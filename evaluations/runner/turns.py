"""One child at a time: while a predictor answers, every other process of the run stands still.

The score holds because the auditor cannot know the token that it is asked for. Walls keep children from
talking in files and sockets, but no wall keeps one from seeing how large a file of another is, how busy the
machine is, or which thread numbers are taken. So half of an audit is asked before anybody has been shown the
chunk, and whoever knows it does not run during the other half: the scorer is stopped, and the learner has not
been shown it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from evaluations.runner.processes import Child


class Turns:
    """The processes of one run; outside of turns all of them run."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children

    @contextmanager
    def of(self, child: Child | None) -> Iterator[None]:
        """Let `child` alone run, or nobody."""
        others = [other for other in self.children if other is not child]
        try:
            for other in others:
                other.stand_still()
            yield
        finally:
            for other in others:
                other.go_on()
