"""The referee's side of diagnostics: when the examiner looks, at what, and what of its words is kept.

Figures of an untrusted process: they are shown, and never a part of the score.
"""

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from evaluations.runner import walls
from evaluations.runner.constants import EXAMINER_LOG
from evaluations.runner.findings import INVALID, RAISED, read_findings
from evaluations.runner.job import Job
from evaluations.runner.orders import for_predictor
from evaluations.runner.peers import death
from evaluations.runner.processes import Child
from evaluations.runner.slot import Layout, Slot
from evaluations.runner.windows import Tokens
from evaluations.runner.wire import DeadlinePassed, Message, PeerGone, WireError

LOOK_SECONDS = 300.0  # that the run waits for a look before it goes on without: a busy host is slow
MOST_WINDOWS = 4
TIMEOUT = "timeout"


class Examination:
    """The looks of one run; `entries` is the manifest's `diagnostics`. Without checkpoints: nothing."""

    def __init__(self, job: Job, byte_budget: int) -> None:
        output, self.length = Path(job.output_folder), job.schedule.sequence_length
        self.due = checkpoints(byte_budget, job.diagnostics)
        self.entries: list[dict[str, Any]] = []
        self.expected: int | None = None  # stream_bytes of the look that is under way
        self.child: Child | None = None
        if self.due:
            place = walls.examiner_place(output)
            self.child = walls.start(job, place, output / EXAMINER_LOG, os.cpu_count() or 1)
            self.child.channel.body_cap = 0  # all that it has to say is in a header
        self.children = [self.child] if self.child else []

    def attested(self) -> dict[str, Any]:
        """{role: attestation}, for the manifest."""
        return {child.role: child.attestation() for child in self.children}

    def introduce(self, order: dict[str, Any], layout: Layout) -> None:
        """Tell the examiner what to build and how weights are laid out; it answers when it is first asked."""
        if self.child is None:
            return
        self.child.slot.open(layout.size, child_may_write=False)
        self._send(for_predictor(order, self.child.place.home))
        self._send({"type": "layout", "layout": layout.described()})

    def after(self, stream_bytes: int, tokens: Tokens, slot: Slot) -> None:
        """Look, if a checkpoint is due, at the weights of `slot`, which were committed after `stream_bytes`
        of text; `tokens` (1-D) are the last of it that was revealed."""
        if not self.due or stream_bytes < self.due[0] or len(tokens) < 2:
            return
        self.due = [mark for mark in self.due if mark > stream_bytes]
        self.take()
        if self.child is None:
            return
        window_BxT = windows_of(tokens, self.length)
        self.child.slot.copy_from(slot)
        self._send({"type": "look", "shape": list(window_BxT.shape)}, window_BxT.tobytes())
        self.expected = stream_bytes

    def take(self) -> None:
        """Wait for the look that is under way, if any, and enter what it found."""
        if self.expected is None:
            return
        stream_bytes, self.expected = self.expected, None
        message = self._receive()
        found = {"error": message} if isinstance(message, str) else read_findings(message.header)
        self.entries.append({"stream_bytes": stream_bytes, **found})

    def _send(self, header: dict[str, Any], body: bytes = b"") -> None:
        try:
            if self.child is not None:
                self.child.channel.send(header, body, deadline=time.monotonic() + LOOK_SECONDS)
        except WireError:
            return  # whoever waits for the answer finds out why

    def _receive(self) -> Message | str:
        """The answer, or how the examiner went."""
        assert self.child is not None
        try:
            message = self.child.channel.receive(deadline=time.monotonic() + LOOK_SECONDS)
        except DeadlinePassed:
            return self._give_up(TIMEOUT)
        except PeerGone:
            return self._give_up(death(self.child, "died").code)
        except WireError:
            return self._give_up(INVALID)
        return message if message.type == "findings" else self._give_up(RAISED)

    def _give_up(self, code: str) -> str:
        """Go on without looks."""
        assert self.child is not None
        self.child.end()
        self.child, self.due = None, []
        return code


def checkpoints(byte_budget: int, count: int) -> list[int]:
    """Bytes of text after which to look: evenly spread, the last at the end."""
    return [math.ceil(byte_budget * mark / count) for mark in range(1, count + 1)]


def windows_of(tokens: Tokens, length: int) -> Tokens:
    """(B, T) of the last tokens: at most four windows; an even number of them, or one."""
    full = min(MOST_WINDOWS, len(tokens) // length)
    rows = full - full % 2 if full > 1 else 1
    width = length if full else len(tokens)
    return np.ascontiguousarray(tokens[-rows * width :].reshape(rows, width), dtype=np.int32)
