"""The children as the referee talks to them: typed verbs, deadlines, and nothing believed."""

import mmap
import signal
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner.constants import SCORING_SECONDS, STARTUP_SECONDS
from evaluations.runner.hooks import NAMES
from evaluations.runner.processes import Child
from evaluations.runner.questions import Answer, Question, read_answer
from evaluations.runner.slot import Layout, Slot, SlotResized
from evaluations.runner.stopped import Stopped, failed, from_child
from evaluations.runner.windows import ScoringPlan
from evaluations.runner.wire import DeadlinePassed, Message, PeerGone, WireError

HANG_UP_SECONDS = 2.0
# How the kernel ends a process that passed a limit and did not take the signal itself.
LIMIT_SIGNALS: dict[int, tuple[str, str]] = {
    signal.SIGXCPU: ("cpu_limit", "the processor time of this run was used up"),
    signal.SIGXFSZ: ("artifact_quota", "a file grew past the quota"),
}


class PredictorPeer:
    """The process that answers log p for windows under committed weights. It has no excuse for silence."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.hooks: Any = None
        self.memory: dict[str, int] = {}  # what it had at most, by its own account

    def order(self, order: dict[str, Any]) -> None:
        """Send everything that building the model takes."""
        self._send(order, STARTUP_SECONDS)

    def description(self) -> dict[str, Any]:
        """Wait for the model's own manifest and figures; unchecked."""
        return self._receive("model", STARTUP_SECONDS).header

    def open_slot(self, layout: Layout) -> None:
        """Size and seal the slot that only the referee may write."""
        self.child.slot.open(layout.size, child_may_write=False)
        self._send({"type": "layout", "layout": layout.described()}, STARTUP_SECONDS)

    def take(self, slot: Slot) -> None:
        """Copy a commit out of the learner's reach; the model does not change yet."""
        self.child.slot.copy_from(slot)

    def load(self) -> None:
        """Let the model take the weights over, and wait until it has."""
        self.order_load()
        self.loaded()

    def order_load(self) -> None:
        """Let the model take the weights over when it comes to it."""
        self._send({"type": "load"}, SCORING_SECONDS)

    def loaded(self) -> None:
        """Wait until it has."""
        self._receive("loaded", SCORING_SECONDS)

    def ask(self, question: Question) -> None:
        """Ask for log p of every token of a question's windows but the first."""
        self._send(question.header(), SCORING_SECONDS, question.body())

    def answer(self, question: Question, vocab_size: int) -> Answer:
        """Wait for the claims and distributions."""
        answer = read_answer(self._receive("scores", SCORING_SECONDS).body, question, vocab_size)
        if answer is None:
            raise failed("predictor_error", "the predictor answered with a wrong number of claims")
        return answer

    def order_scores(self, plan: ScoringPlan) -> None:
        """Ask for log p of every planned window."""
        self.ask(Question.of(plan))

    def scores(self, plan: ScoringPlan) -> npt.NDArray[np.float32]:
        """Wait for the claims, (plan.positions,) in plan order."""
        claims = self.answer(Question.of(plan), 0).claims
        return np.concatenate([batch.ravel() for batch in claims]) if claims else np.zeros(0, np.float32)

    def dismiss(self) -> dict[str, dict[str, Any]]:
        """Say good-bye; give its account of its hooks."""
        self._send({"type": "end"}, SCORING_SECONDS)
        said = self._receive("bye", SCORING_SECONDS).header
        self.memory = memory_report(said.get("memory"))
        return hook_report(said.get("hooks"))

    def _send(self, header: dict[str, Any], seconds: float, body: bytes = b"") -> None:
        try:
            self.child.channel.send(header, body, deadline=time.monotonic() + seconds)
        except DeadlinePassed as error:
            raise failed("predictor_timeout", "the model stopped listening") from error
        except PeerGone:
            self._receive("nothing", seconds)  # it may have said why before it went

    def _receive(self, expected: str, seconds: float) -> Message:
        try:
            message = self.child.channel.receive(deadline=time.monotonic() + seconds)
        except DeadlinePassed as error:
            raise failed("predictor_timeout", f"the model did not answer within {seconds:g} s") from error
        except PeerGone as error:
            raise death(self.child, "predictor_died") from error
        except WireError as error:
            raise failed("predictor_error", str(error)) from error
        if message.type == "error":
            raise from_child(message, "model_error")
        if message.type != expected:
            raise failed("predictor_error", f"the predictor did not answer with {expected}")
        return message


class LearnerPeer:
    """One rank of the learner. The first commits; each may return early or run out of time: no failure."""

    def __init__(self, child: Child, rank: int = 0) -> None:
        self.child = child
        self.rank = rank
        self.deadline = time.monotonic() + STARTUP_SECONDS
        self.asks = False  # it waits for the next chunk, and the first rank's commit lies in its slot
        self.saved = False  # with that, it says that its checkpoint folder brings it back here
        self.asked = 0  # chunks so far
        self.over: str | None = None  # why it is done: returned or wall_clock
        self.report: dict[str, Any] = {}  # what it said of itself

    def order(self, order: dict[str, Any]) -> None:
        """Send everything that importing the files takes."""
        self._send(order)

    def ready(self) -> None:
        """Wait until the files are imported."""
        if self._receive("ready") is None:
            raise failed(
                "learner_timeout", f"the training code was not imported within {STARTUP_SECONDS:g} s"
            )

    def open_slot(self, layout: Layout) -> None:
        """Submitted code runs already, and its descriptor is as good as ours until the slot is sealed.

        What the first rank commits is the learner's; the slots of the others stay shut.
        """
        size = layout.size if self.rank == 0 else mmap.PAGESIZE
        try:
            self.child.slot.open(size, child_may_write=self.rank == 0)
        except (OSError, SlotResized) as error:
            raise failed("learner_error", f"the slot was tampered with: {error}") from error

    def start(self, layout: Layout, deadline: float, again: Message | None = None) -> None:
        """Let it train until `deadline` at most; `again` tells where it goes on from."""
        self.deadline = deadline
        header = {"type": "start", "layout": layout.described()}
        if again is None:
            self._send(header)
        else:
            self._send({**header, "resumed": again.header}, again.body)

    def hear(self) -> None:
        """Take its next message: it asks for a chunk, or is done."""
        expected = () if self.asks else ("commit" if self.rank == 0 else "ask",)
        message = self._receive(*expected, "done")
        if message is None:
            return
        if message.type == "done":
            self.report, self.over, self.asks = message.header, "returned", False
        else:
            self.asks, self.asked = True, self.asked + 1
            self.saved = message.header.get("saved") is True

    def reveal(self, header: dict[str, Any], tokens: bytes) -> None:
        """Give it the next chunk."""
        self.asks = False
        self._send({"type": "chunk", **header}, tokens)

    def end_stream(self) -> None:
        """Tell it that the byte budget is spent."""
        self.asks = False
        self._send({"type": "end"})

    def stop(self, why: str) -> None:
        """End it now; its last commit stands."""
        self.over = self.over or why
        self.child.end()

    def _send(self, header: dict[str, Any], body: bytes = b"") -> None:
        try:
            self.child.channel.send(header, body, deadline=self.deadline)
        except DeadlinePassed:
            self.stop("wall_clock")
        except PeerGone:
            self._receive("nothing")  # it may have said why before it went

    def _receive(self, *expected: str) -> Message | None:
        try:
            message = self.child.channel.receive(deadline=self.deadline)
        except DeadlinePassed:
            self.stop("wall_clock")
            return None
        except PeerGone as error:
            raise death(self.child, "learner_died") from error
        except WireError as error:
            raise failed("learner_error", str(error)) from error
        if message.type == "error":
            raise from_child(message, "learner_error")
        if message.type not in expected:
            raise failed("learner_error", "the learner spoke out of turn")
        return message


def death(child: Child, fallback: str) -> Stopped:
    """How a child went that said nothing: a limit that ended it, or `fallback` with its exit in words."""
    status = child.exit_status(HANG_UP_SECONDS)
    if child.breach:
        return failed(*child.breach)
    if status is not None and -status in LIMIT_SIGNALS:
        return failed(*LIMIT_SIGNALS[-status])
    how = (
        "hung up"
        if status is None
        else f"ended by signal {-status}"
        if status < 0
        else f"exited with {status}"
    )
    return failed(fallback, f"the {child.role} {how} without a word")


def hook_report(said: Any) -> dict[str, dict[str, Any]]:
    """A child's own account of its hooks, reduced to what it may contain."""
    accounts = said if isinstance(said, dict) else {}
    return {name: _hook_usage(accounts.get(name)) for name in NAMES}


def memory_report(said: Any) -> dict[str, int]:
    """A child's own account of its memory: {host_bytes, gpu_bytes}; empty where it gave none."""
    account = said if isinstance(said, dict) else {}
    known = {name: account.get(name) for name in ("host_bytes", "gpu_bytes")}
    return {name: size for name, size in known.items() if type(size) is int and 0 <= size < 2**53}


def _hook_usage(said: Any) -> dict[str, Any]:
    usage = said if isinstance(said, dict) else {}
    calls, seconds = usage.get("calls"), usage.get("seconds")
    return {
        "present": usage.get("present") is True,
        "calls": calls if type(calls) is int and 0 <= calls < 2**53 else 0,
        "seconds": seconds if isinstance(seconds, float) and 0 <= seconds < 1e9 else 0.0,
    }
