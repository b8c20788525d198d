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
from evaluations.runner.slot import Slot
from evaluations.runner.stream import Chunk
from evaluations.runner.turns import Turns
from evaluations.runner.windows import Tokens


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
        turns: Turns,
        emit: Callable[[dict[str, Any]], None],
    ) -> None:
        self.peer, self.auditor, self.encoding, self.ledger = peer, auditor, encoding, ledger
        self.schedule, self.secret, self.turns, self.emit = schedule, secret, turns, emit
        self.began = time.monotonic()
        self.scored = 0  # chunks
        self.forward_seconds = 0.0  # of the predictor, had it been asked about every token
        self.overlap: Tokens = np.zeros(0, dtype=np.int32)  # the last token of the chunk before

    def take(self, slot: Slot) -> None:
        """Copy a commit out of the learner's reach; neither model changes yet."""
        self.peer.take(slot)

    def load(self) -> None:
        """Score and audit under the weights that were taken last."""
        with self.turns.of(self.peer.child):
            self.peer.load()
        self.auditor.fix(self.peer.child.slot)

    def score(self, chunk: Chunk) -> Tokens:
        """Enter the claims for a secret share of a chunk's windows, have them audited; give the tokens.

        First the auditor is asked, then the scorer, then the auditor where the claims are remarkable.
        """
        tokens = self.encoding.tokens(chunk)
        plan = windows.plan(
            self.overlap,
            tokens,
            length=self.schedule.sequence_length,
            fraction=self.schedule.score_fraction,
            vocab_size=self.encoding.vocab_size,
            rng=windows.secret_rng(self.secret, f"windows of chunk {chunk.index}"),
        )
        self.auditor.foresee(chunk.index, plan)
        with self.turns.of(self.peer.child):
            asked = time.monotonic()
            self.peer.order_scores(plan)
            logp = self.peer.scores(plan)
            share = len(logp) / max(1, len(tokens))
            self.forward_seconds += (time.monotonic() - asked) / share if share else 0.0
        line = self.ledger.add(chunk, len(tokens), plan, logp, time.monotonic() - self.began)
        self.emit(line.as_progress())
        self.auditor.audit(chunk.index, plan, tokens, logp)
        self.scored += 1
        self.overlap = tokens[-1:] if len(tokens) else self.overlap
        return tokens
