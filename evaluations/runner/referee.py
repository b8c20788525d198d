"""The referee: commit, then reveal. It holds the text, the order, the clock and the score.

    predictor                    referee                       learner
        | build the model, W_0      |                              |
        |--------- manifest ------->| caps, slots                  |
        |                           |<------- commit W_k ----------|
        |<-------- load W_k --------|                              |
        |--------- loaded --------->|                              |
                                    |                              |
    auditor  <-- spliced windows ---|                              |
             --- log p ------------>|                              |
        |<-- windows of chunk k ----|                              |
        |--------- log p ---------->| code length; must be the     |
                                    | auditor's                    |
    auditor  <-- where that gains --|                              |
             --- log p ------------>|                              |
                                    |------ reveal chunk k ------->| trains on it

The auditor is a second predictor, a stranger to the first, that never sees a real window, and is asked first.
While one child answers, the others stand still; the learner is shown a chunk when both have answered. Chunk 0
is always scored with the predictor's own W_0. When the learner is over, for whatever reason that is no
failure, the rest of the text is scored with its last committed weights: every submission is scored on the
same bytes. Everything that a child sends is hostile input.
"""

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluations.runner import admission, constants, ranks, reference_recipe, walls
from evaluations.runner.auditor import Auditor, audited_fraction
from evaluations.runner.checkpoint_store import Saved, Store
from evaluations.runner.encoding import Encoding
from evaluations.runner.examination import Examination
from evaluations.runner.graph import identity
from evaluations.runner.graph.graph import EXPORT
from evaluations.runner.job import Job
from evaluations.runner.keeper import Keeper
from evaluations.runner.ledger import Ledger
from evaluations.runner.orders import CHECKPOINTS, for_predictor, order_of
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.processes import Child, end_descendants
from evaluations.runner.ranks import Ranks
from evaluations.runner.sandbox.watch import Watch
from evaluations.runner.scorer import Scorer
from evaluations.runner.slot import Layout, Slot
from evaluations.runner.stopped import failed
from evaluations.runner.stream import Chunk, chunk_cuts, chunks
from evaluations.runner.tokenizers import Coder
from evaluations.runner.turns import Turns
from evaluations.runner.windows import Tokens
from evaluations.runner.wire import readable

Emit = Callable[[dict[str, Any]], None]


class Referee:
    """One run: `play` is the protocol; what it finds is in `ledger`, `model`, `training` and `audit`."""

    def __init__(
        self, job: Job, data: bytes, coder: Coder, emit: Emit, store: Store, saved: Saved | None = None
    ) -> None:
        cuts = chunk_cuts(
            data,
            first_bytes=job.schedule.chunk_first_bytes,
            growth=job.schedule.chunk_growth,
            max_bytes=job.schedule.chunk_max_bytes,
        )
        self.job = job
        self.chunks = list(chunks(data, cuts))
        self.keeper = Keeper(store, self.chunks[-1].end, job.checkpoints, emit, saved)
        self.emit = self.keeper.emit
        self.encoding = Encoding(coder, job)
        self.ledger = Ledger(coder.vocab_size)
        self.sandbox: dict[str, dict[str, Any]] | None = None  # what each child attested
        self.model: dict[str, Any] | None = None
        self.seed_invariant: list[str] | None = None  # parameters that two seeds initialise alike
        self.training: dict[str, Any] | None = None
        self.weights: tuple[Layout, Slot] | None = None  # the last commit, where no child can write
        self.commits = 0
        self.memory: dict[str, dict[str, int]] = {}  # role -> its own account of its peak
        self.diagnostics: list[dict[str, Any]] = []
        self.revealed: tuple[int, Tokens] | None = None  # end and tokens of the chunk that was revealed last

    @property
    def audit(self) -> dict[str, Any] | None:
        """The manifest's `audit`, as far as it has come."""
        if not self.ledger.lines:
            return None
        last = self.ledger.lines[-1]
        return self.auditor.section(last.tokens / last.stream_bytes)

    def play(self) -> None:
        """Follow the protocol to its end; raise `Stopped` where it ends before."""
        output, threads = Path(self.job.output_folder), os.cpu_count() or 1
        order = order_of(self.job, self.encoding, self.chunks, threads)
        self.keeper.lay_out(output / CHECKPOINTS)
        predictor, auditor = (
            walls.start(self.job, place(output), output / log, threads)
            for place, log in (
                (walls.predictor_place, constants.PREDICTOR_LOG),
                (walls.auditor_place, constants.AUDITOR_LOG),
            )
        )
        learners = ranks.start(self.job, threads)
        self.examination = Examination(self.job, self.chunks[-1].end)
        self.diagnostics = self.examination.entries
        everyone = [predictor, auditor, *learners, *self.examination.children]
        watch = Watch([walls.watched(self.job, child) for child in everyone])
        try:
            self._meet(predictor, auditor, learners)
            self._introduce(order)
            self._commit_and_reveal()
            self._finish()
        finally:
            watch.stop()
            for child in everyone:
                child.end()
            end_descendants()
            walls.clear(self.job, everyone)

    def _meet(self, predictor: Child, auditor: Child, learners: list[Child]) -> None:
        secret, schedule = bytes.fromhex(self.job.run_secret), self.job.schedule
        self.learner = Ranks(learners, self.job.limits.wall_seconds)
        turns = Turns([predictor, auditor, *learners, *self.examination.children])
        self.auditor = Auditor(
            PredictorPeer(auditor),
            turns,
            secret=self._audit_secret(secret),
            vocab_size=self.encoding.vocab_size,
            fraction=audited_fraction(schedule, self.chunks, self.encoding),
            tolerance_nats=schedule.audit_tolerance_nats,
        )
        self.scorer = Scorer(
            PredictorPeer(predictor),
            self.auditor,
            self.encoding,
            self.ledger,
            schedule,
            secret,
            turns,
            self.emit,
        )
        self.sandbox = self.learner.attestations()
        self.sandbox |= {child.role: child.attestation() for child in (predictor, auditor)}
        self.sandbox |= self.examination.attested()

    def _audit_secret(self, secret: bytes) -> bytes:
        """All submissions are scored on the same windows, but where one was caught tells the next nothing."""
        return hmac.new(secret, f"audit of {self.job.submission_id}".encode(), hashlib.sha256).digest()

    def _introduce(self, order: dict[str, Any]) -> None:
        predictors = (self.scorer.peer, self.auditor.peer)
        for peer in predictors:
            peer.order(for_predictor(order, peer.child.place.home))
        self.learner.order(order)
        described, again = (peer.description() for peer in predictors)
        self.model, layout = admission.admit(described, self.job.limits)
        self.keeper.check_model(self.model)
        if again.get("manifest") != described.get("manifest"):
            raise failed("model_mismatch", "build_model declared two different models under one seed")
        found = identity.measured([described.get("graphs"), again.get("graphs")])
        self.model["graph_hash"] = found.graph_hash if found and found.source == EXPORT else None
        self.seed_invariant = admission.seed_invariant(described)
        self.emit({"type": "model", **self.model})
        for peer in predictors:
            peer.open_slot(layout)
        self.examination.introduce(order, layout)
        self.weights = (layout, self.scorer.peer.child.slot)
        self.learner.prepare(layout)
        self.keeper.start(self, layout)

    def _commit_and_reveal(self) -> None:
        for chunk in self.chunks[self.scorer.scored :]:
            if not self._next_commit():
                return
            began = time.monotonic()
            self._fix_weights(load=chunk.index > 0)
            tokens = self.scorer.score(chunk)
            self.keeper.settle()
            self.learner.stood_still(time.monotonic() - began)
            self._reveal(chunk, tokens)
        while self._next_commit():  # who asks after the last chunk commits the final weights
            self._fix_weights(load=False)
            self.keeper.settle()
            self.learner.end_stream()

    def _next_commit(self) -> bool:
        """Wait for the learner. False: it is over."""
        while self.learner.over is None:
            ready = readable(self.learner.channels, self.learner.deadline)
            if not ready:
                self.learner.stop("wall_clock")
            if self.learner.hear(ready):
                return True
        self.keeper.ended(f"the learner's training was over ({self.learner.over})")
        return False

    def _fix_weights(self, *, load: bool) -> None:
        """Take W_k out of the learner's reach and into both predictors, before anything is revealed."""
        self.scorer.take(self.learner.slot)
        self.commits += 1
        self.keeper.committed(self)
        if load:
            self.scorer.load()
        if self.revealed is not None:
            self.examination.after(*self.revealed, self.scorer.peer.child.slot)

    def _reveal(self, chunk: Chunk, tokens: Tokens) -> None:
        self.revealed = (chunk.end, tokens)
        header = {"index": chunk.index, "bytes": len(chunk.text), "stream_bytes": chunk.end}
        header["checkpoint"] = self.keeper.due(chunk.end, chunk.index + 1)
        self.learner.reveal(header, tokens.tobytes())
        if chunk.index + 1 < len(self.chunks):  # while the learner works
            self.encoding.prepare(self.chunks[chunk.index + 1])

    def _finish(self) -> None:
        """Score what the learner did not ask for, with its last weights; take both accounts of the hooks."""
        self.training = self.learner.training_section(self.commits)
        if self.job.bundle.training is None:
            self.training["recipe"] = reference_recipe.statement()
        self.learner.end()
        for chunk in self.chunks[self.scorer.scored :]:
            self.scorer.score(chunk)
        self.auditor.close()
        self.examination.take()
        said = self.scorer.peer.dismiss()
        self.memory = self.learner.memory() | {walls.PREDICTOR: self.scorer.peer.memory}
        self.training["forward_seconds"] = round(self.scorer.forward_seconds, 3)
        self.training["hooks"] |= {name: said[name] for name in ("inference_logits", "infer")}
