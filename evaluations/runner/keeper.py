"""When a run is saved, and whether one that goes on does again what it had done."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluations.runner import standing
from evaluations.runner.checkpoint_store import Saved, Store
from evaluations.runner.commit_journal import sha256_of
from evaluations.runner.examination import checkpoints
from evaluations.runner.kept_files import FilesRefused
from evaluations.runner.orders import CHECKPOINTS
from evaluations.runner.resumption import RESUME_SECONDS, CannotResume, Emit, Resumption
from evaluations.runner.slot import Layout

if TYPE_CHECKING:
    from evaluations.runner.referee import Referee

STORAGE = "checkpoint_storage"  # the disk would not take it


class Keeper:
    """The checkpoints of one run under way; a run goes on whatever becomes of them."""

    def __init__(
        self, store: Store, byte_budget: int, count: int, emit: Emit, saved: Saved | None = None
    ) -> None:
        self.store, self.byte_budget = store, byte_budget
        start = stream_bytes_of(saved) if saved else 0
        self.marks = [mark for mark in checkpoints(byte_budget, count) if mark > start]
        self.resumption = Resumption(saved, emit) if saved else None
        self.emit = self.resumption.emit if self.resumption else emit
        self.asked_at: int | None = None  # the commit at which the learner was asked to save
        self.journals = saved is not None
        self.pool = ThreadPoolExecutor(1, "hashing")
        self.hashing: tuple[int, Future[str]] | None = None  # the last commit
        self.taken = 0
        self.refused: dict[str, int] = {}  # code -> how often nothing was kept for it

    @property
    def unproved(self) -> bool:
        """Whether the run goes on and has not shown yet that it is the same."""
        return self.resumption is not None and not self.resumption.proved

    def due(self, stream_bytes: int, index: int) -> bool:
        """Whether the learner is to save before commit `index`, with so much text revealed."""
        due = bool(self.marks) and stream_bytes >= self.marks[0]
        if due:
            self.marks = [mark for mark in self.marks if mark > stream_bytes]
            self.asked_at = index
        return due

    def lay_out(self, checkpoint_folder: Path) -> None:
        """Give the learner back what it had kept."""
        if self.resumption:
            self.store.forget_after(self.resumption.saved.index)
            self.store.journal.enter_resumption(self.resumption.saved.index)
            self.resumption.saved.lay_out(checkpoint_folder)

    def check_model(self, model: dict[str, Any]) -> None:
        """Raise `CannotResume` where `build_model` gives another model than before."""
        if self.resumption and self.resumption.saved.facts["model_sha256"] != model["manifest_sha256"]:
            raise CannotResume("model_differs", "build_model does not give the model that was trained")

    def start(self, referee: "Referee", layout: Layout) -> None:
        """Let the learner train: from the beginning, or from where the run stood, told again."""
        if self.resumption is None:
            referee.learner.start(layout)
            return
        saved = self.resumption.saved
        standing.take_up(referee, saved.index, saved.facts)
        with saved.open_counts() as counts:
            referee.auditor.reference.take_up(counts)
        for line in referee.ledger.lines:
            self.emit(line.as_progress())
        saved.fill(referee.learner.slot)
        referee.learner.start_again(layout, standing.told(referee, saved.index), RESUME_SECONDS)

    def committed(self, referee: "Referee") -> None:
        """A commit lies out of the learner's reach: keep it, and hash it while it is scored."""
        index, slot = referee.commits - 1, referee.scorer.peer.child.slot
        asked, self.asked_at = self.asked_at == index, None
        saves = asked and referee.learner.saved and index < len(referee.chunks)
        if not (self.journals or saves) or index > len(referee.chunks):
            return
        if self.resumption and index == self.resumption.saved.index:
            referee.learner.set_clock(self.resumption.saved.facts["learner_seconds"])
        if saves:
            self._save(referee, index)
        self.hashing = (index, self.pool.submit(sha256_of, slot.memory))

    def settle(self) -> None:
        """Prove the last commit and note it, before anything more is revealed; raise `CannotResume`."""
        if self.hashing is None:
            return
        (index, found), self.hashing = self.hashing, None
        sha256 = found.result()
        if self.resumption:
            self.resumption.committed(index, sha256)
        if self.journals:
            self._note(index, sha256)

    def ended(self, why: str) -> None:
        """Training is over; raise `CannotResume` where that comes too early."""
        if self.resumption:
            self.resumption.ended(why)

    def section(self) -> dict[str, Any]:
        """The manifest's account: how often the run was saved, and what was not kept for which reason."""
        return {"taken": self.taken, "refused": self.refused}

    def resumed(self) -> dict[str, Any] | None:
        """The manifest's `resumed`: from which commits the run went on, and how many it made again."""
        if self.resumption is None:
            return None
        saved, chunks = self.resumption.saved, self.store.journal.resumed
        return {
            "times": len(chunks),
            "chunks": chunks,
            "stream_bytes": stream_bytes_of(saved),
            "commits_repeated": len(saved.commits),
        }

    def _save(self, referee: "Referee", index: int) -> None:
        referee.examination.take()
        try:
            with referee.scorer.turns.of(None):
                self.store.write(
                    index,
                    standing.facts_of(referee),
                    referee.scorer.peer.child.slot,
                    referee.auditor.reference.keep,
                    Path(referee.job.output_folder) / CHECKPOINTS,
                )
        except FilesRefused as error:
            self._refuse(error.code)
        except OSError:
            self._refuse(STORAGE)
        else:
            self.taken += 1
            self.journals = True

    def _note(self, index: int, sha256: str) -> None:
        """Without witnesses no checkpoint is of use."""
        try:
            self.store.journal.enter(index, sha256)
        except OSError:
            self.journals, self.marks = False, []
            self._refuse(STORAGE)

    def _refuse(self, code: str) -> None:
        self.refused[code] = self.refused.get(code, 0) + 1


def stream_bytes_of(saved: Saved) -> int:
    """How much text had been revealed at a checkpoint."""
    return int(saved.facts["lines"][-1]["stream_bytes"])
