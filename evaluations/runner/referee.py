"""The referee: commit, then reveal. It holds the text, the order, the clock and the score.

    predictor                    referee                       learner
        | build the model, W_0      |                              |
        |--------- manifest ------->| caps, slots                  |
        |                           |<------- commit W_k ----------|
        |<-------- load W_k --------|                              |
        |--------- loaded --------->|                              |
        |<-- windows of chunk k ----|------ reveal chunk k ------->|
        |--------- log p ---------->| code length                  | trains on it

Chunk 0 is always scored with the predictor's own W_0. When the learner is over, for whatever reason that is
no failure, the rest of the text is scored with its last committed weights: every submission is scored on the
same bytes. Everything that a child sends is hostile input.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evaluations.runner import admission, constants, walls, windows
from evaluations.runner.job import Job
from evaluations.runner.ledger import Ledger
from evaluations.runner.orders import for_predictor, order_of
from evaluations.runner.peers import LearnerPeer, PredictorPeer
from evaluations.runner.processes import end_descendants
from evaluations.runner.sandbox.watch import Watch
from evaluations.runner.slot import Layout, Slot
from evaluations.runner.stream import Chunk, chunk_cuts, chunks
from evaluations.runner.tokenizers import Coder, encode_lossless
from evaluations.runner.windows import ScoringPlan, Tokens
from evaluations.runner.wire import readable

Emit = Callable[[dict[str, Any]], None]


class Referee:
    """One run: `play` is the protocol; what it finds is in `ledger`, `model` and `training`."""

    def __init__(self, job: Job, data: bytes, coder: Coder, emit: Emit) -> None:
        cuts = chunk_cuts(
            data,
            first_bytes=job.schedule.chunk_first_bytes,
            growth=job.schedule.chunk_growth,
            max_bytes=job.schedule.chunk_max_bytes,
        )
        self.job, self.coder, self.emit = job, coder, emit
        self.chunks = list(chunks(data, cuts))
        self.ledger = Ledger(coder.vocab_size)
        self.sandbox: dict[str, dict[str, Any]] | None = None  # what each child attested
        self.model: dict[str, Any] | None = None
        self.training: dict[str, Any] | None = None
        self.weights: tuple[Layout, Slot] | None = None  # the last commit, where no child can write
        self.began = time.monotonic()
        self.commits = 0
        self.scored = 0  # chunks whose scoring has been ordered
        self.pending: tuple[Chunk, ScoringPlan, int] | None = None  # what the predictor is working on
        self.encoded: dict[int, Tokens] = {}
        self.overlap: Tokens = np.zeros(0, dtype=np.int32)  # the last token of the chunk before

    def play(self) -> None:
        """Follow the protocol to its end; raise `Stopped` where it ends before."""
        output, threads = Path(self.job.output_folder), os.cpu_count() or 1
        order = order_of(self.job, self.coder, self._tokens(self.chunks[0]), self.chunks, threads)
        scorer = walls.start(
            self.job, walls.predictor_place(output), output / constants.PREDICTOR_LOG, threads
        )
        learner = walls.start(self.job, walls.learner_place(output), output / constants.LEARNER_LOG, threads)
        self.predictor, self.learner = (
            PredictorPeer(scorer),
            LearnerPeer(learner, self.job.limits.wall_seconds),
        )
        watch = Watch([walls.watched(self.job, child) for child in (scorer, learner)])
        try:
            self._introduce(order)
            self._commit_and_reveal()
            self._finish()
        finally:
            watch.stop()
            learner.end()
            scorer.end()
            end_descendants()
            walls.clear(self.job, [learner, scorer])

    def _introduce(self, order: dict[str, Any]) -> None:
        children = (self.learner.child, self.predictor.child)
        self.sandbox = {child.role: child.attestation() for child in children}
        self.predictor.order(for_predictor(order, self.predictor.child.place.home))
        self.learner.order(order)
        self.model, layout = admission.admit(self.predictor.description(), self.job.limits)
        self.emit({"type": "model", **self.model})
        self.predictor.open_slot(layout)
        self.weights = (layout, self.predictor.child.slot)
        self.learner.start(layout)

    def _commit_and_reveal(self) -> None:
        for chunk in self.chunks:
            if not self._next_commit():
                return
            self._fix_weights(load=chunk.index > 0)
            self._score_and_reveal(chunk)
        while self._next_commit():  # who asks after the last chunk commits the final weights
            self._fix_weights(load=False)
            self.learner.end_stream()

    def _next_commit(self) -> bool:
        """Wait for the learner; meanwhile enter scores as they come. False: the learner is over."""
        while self.learner.over is None:
            channel, scores = self.learner.child.channel, self.predictor.child.channel
            ready = readable([channel, scores] if self.pending else [channel], self.learner.deadline)
            if not ready:
                self.learner.stop("wall_clock")
            if scores in ready:
                self._enter_scores()
            if channel in ready and self.learner.committed():
                return True
        return False

    def _fix_weights(self, *, load: bool) -> None:
        """Take W_k out of the learner's reach and into the predictor, before anything is revealed."""
        self.predictor.take(self.learner.child.slot)
        self.commits += 1
        if load:
            self._enter_scores()  # of the chunk before, under the weights before
            self.predictor.load()

    def _score_and_reveal(self, chunk: Chunk) -> None:
        tokens = self._order_scores(chunk)
        header = {"index": chunk.index, "bytes": len(chunk.text), "stream_bytes": chunk.end}
        self.learner.reveal(header, tokens.tobytes())
        if chunk.index + 1 < len(self.chunks):  # while both children work
            self._tokens(self.chunks[chunk.index + 1])

    def _finish(self) -> None:
        """Score what the learner did not ask for, with its last weights; take both accounts of the hooks."""
        self.training = self.learner.training_section(self.commits)
        self.learner.child.end()
        self._enter_scores()
        for chunk in self.chunks[self.scored :]:
            self._order_scores(chunk)
            self._enter_scores()
        said = self.predictor.dismiss()
        self.training["hooks"] |= {name: said[name] for name in ("inference_logits", "infer")}

    def _order_scores(self, chunk: Chunk) -> Tokens:
        tokens = self._tokens(chunk)
        plan = windows.plan(
            self.overlap,
            tokens,
            length=self.job.schedule.sequence_length,
            fraction=self.job.schedule.score_fraction,
            vocab_size=self.coder.vocab_size,
            rng=windows.secret_rng(bytes.fromhex(self.job.run_secret), f"windows of chunk {chunk.index}"),
        )
        self.predictor.order_scores(plan)
        self.pending, self.scored = (chunk, plan, len(tokens)), self.scored + 1
        self.overlap = tokens[-1:] if len(tokens) else self.overlap
        del self.encoded[chunk.index]
        return tokens

    def _enter_scores(self) -> None:
        if self.pending is None:
            return
        (chunk, plan, tokens), self.pending = self.pending, None
        logp = self.predictor.scores(plan)
        line = self.ledger.add(chunk, tokens, plan, logp, time.monotonic() - self.began)
        self.emit(line.as_progress())

    def _tokens(self, chunk: Chunk) -> Tokens:
        if chunk.index not in self.encoded:
            self.encoded[chunk.index] = encode_lossless(self.coder, chunk.text, chunk.index)
        return self.encoded[chunk.index]
