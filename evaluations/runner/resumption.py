"""A run that goes on after its host failed: it has to do again what it had done, or it begins anew.

The learner says that its own files bring it back to where it was. That is its word; what proves it are the
commits made after the checkpoint, which are known by their hashes: the first must be the committed weights,
and those that followed must come again, bit for bit. Only then does the run count, and only then is anything
of it told. So no learner is measured on text that it has seen in another way than it was measured the first
time, whatever it kept, and however its host came to fail.
"""

from collections.abc import Callable
from typing import Any

from evaluations.runner.checkpoint_store import Saved

Emit = Callable[[dict[str, Any]], None]
RESUME_SECONDS = 300.0  # for a learner to read its files and commit


class CannotResume(Exception):
    """A run that was to go on does not do again what it had done; `code` says which way."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Resumption:
    """What a run has to show before it counts; until then its progress is held back."""

    def __init__(self, saved: Saved, emit: Emit) -> None:
        self.saved = saved
        self.expected = dict(saved.commits)  # number -> hash, of commits that have not come again
        self.emit_on = emit
        self.held_back: list[dict[str, Any]] = []

    @property
    def proved(self) -> bool:
        """Whether all commits have come again."""
        return not self.expected

    def emit(self, line: dict[str, Any]) -> None:
        """Tell of progress, when it counts."""
        if self.proved:
            self.emit_on(line)
        else:
            self.held_back.append(line)

    def committed(self, index: int, sha256: str) -> None:
        """Take in a commit; raise `CannotResume` where another stood in its place."""
        if self.proved:
            return
        if self.expected.pop(index, None) != sha256:
            first = index == self.saved.index
            raise CannotResume(
                "weights_differ" if first else "training_differs",
                f"commit {index} is not the one that was made before"
                + (": the learner's files do not bring it back" if first else ""),
            )
        if not self.expected:
            for line in self.held_back:
                self.emit_on(line)
            self.held_back.clear()

    def ended(self, why: str) -> None:
        """Training is over, or the run is; raise `CannotResume` where that comes too early."""
        if not self.proved:
            raise CannotResume("ended_early", f"it ended before it had done again what it had done: {why}")
