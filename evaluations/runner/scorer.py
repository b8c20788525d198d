"""The first predictor's bookkeeping: which windows it is asked about, and what its claims cost."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from evaluations.runner import windows
from evaluations.runner.auditor import Auditor
from evaluations.runner.encoding import Encoding
from evaluations.runner.job import Schedule
from evaluations.runner.ledger import Ledger
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.stream import Chunk
from evaluations.runner.windows import ScoringPlan, Tokens


class Scorer:
    """Scores one chunk at a time under the weights that its predictor holds."""

    def __init__(
        self,
        peer: PredictorPeer,
        auditor: Auditor,
        encoding: Encoding,
        ledger: Ledger,
        schedule: Schedule,
        secret: bytes,
        emit: Callable[[dict[str, Any]], None],
    ) -> None:
        self.peer, self.auditor, self.encoding, self.ledger = peer, auditor, encoding, ledger
        self.schedule, self.secret, self.emit = schedule, secret, emit
        self.began = time.monotonic()
        self.ordered = 0  # chunks whose scoring has been ordered
        self.pending: tuple[Chunk, ScoringPlan, Tokens] | None = None  # what the predictor is working on
        self.overlap: Tokens = np.zeros(0, dtype=np.int32)  # the last token of the chunk before

    def order(self, chunk: Chunk) -> Tokens:
        """Ask for a secret share of a chunk's windows; give the chunk's tokens."""
        tokens = self.encoding.tokens(chunk)
        plan = windows.plan(
            self.overlap,
            tokens,
            length=self.schedule.sequence_length,
            fraction=self.schedule.score_fraction,
            vocab_size=self.encoding.vocab_size,
            rng=windows.secret_rng(self.secret, f"windows of chunk {chunk.index}"),
        )
        self.peer.order_scores(plan)
        self.pending, self.ordered = (chunk, plan, tokens), self.ordered + 1
        self.overlap = tokens[-1:] if len(tokens) else self.overlap
        return tokens

    def enter(self) -> None:
        """Take the claims that are due, if any: into the ledger, and before the auditor."""
        if self.pending is None:
            return
        (chunk, plan, tokens), self.pending = self.pending, None
        logp = self.peer.scores(plan)
        line = self.ledger.add(chunk, len(tokens), plan, logp, time.monotonic() - self.began)
        self.emit(line.as_progress())
        self.auditor.audit(chunk.index, plan, tokens, logp)
