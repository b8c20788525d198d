"""Held-out: the same model untrained and trained, on secret text that training never coexisted with.

Called when the learner and everything it started is dead. Two fresh predictors, strangers to each other and
to the run's, are asked: one under its own W_0 about the secret text, the other under the stored final weights
about the secret text and about the last text that was trained on. The figures order near-ties and show
memorising; they never make a score, which comes from text predicted before it was seen.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluations.runner import stored_weights, walls, windows
from evaluations.runner.admission import admit
from evaluations.runner.codelength import bits_per_byte, first_token_bits, token_bits
from evaluations.runner.encoding import Encoding
from evaluations.runner.job import Job
from evaluations.runner.orders import for_predictor, order_of
from evaluations.runner.outputs import WEIGHTS_NAME
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.processes import end_descendants
from evaluations.runner.sandbox.watch import Watch
from evaluations.runner.slot import Layout
from evaluations.runner.stopped import rejected
from evaluations.runner.stream import CONTINUATION, CONTINUATION_MASK, Chunk
from evaluations.runner.tokenizers import TokenizerNotLossless, encode_lossless
from evaluations.runner.windows import Tokens, secret_rng

UNTRAINED, TRAINED = "untrained", "trained"
QUESTION_TOKENS = 1 << 16  # asked at once, so that one answer stays within its time


@dataclass(frozen=True)
class Measured:
    """One text and what it is called; the windows drawn of it depend on the name, not on the model."""

    name: str
    tokens: Tokens
    bytes: int


class Heldout:
    """The measurement of one finished run whose final weights lie in the job's folder."""

    def __init__(self, job: Job, encoding: Encoding, chunks: list[Chunk]) -> None:
        self.job, self.encoding, self.chunks = job, encoding, chunks

    def measure(self, val: bytes, commits: int) -> dict[str, Any]:
        """The manifest's `heldout`, in bits per byte; `train_bpb` and `gap` are null where nothing was shown.

        Raises `Stopped` for the submission's faults.
        """
        secret = self._measured("held-out", val)
        consumed = last_revealed(self.chunks, commits, len(val))
        with self._predictor(UNTRAINED) as (untrained, _):
            bpb_init = self._bpb(untrained, secret)
        with self._predictor(TRAINED) as (trained, layout):
            self._load_final(trained, layout, commits)
            bpb = self._bpb(trained, secret)
            train_bpb = self._bpb(trained, self._measured("trained", consumed)) if consumed else None
        return {
            "bpb": bpb,
            "bpb_init": bpb_init,
            "delta": bpb_init - bpb,
            "train_bpb": train_bpb,
            "gap": None if train_bpb is None else bpb - train_bpb,
            "bytes": len(val),
            "train_bytes": len(consumed),
        }

    def _measured(self, name: str, text: bytes) -> Measured:
        try:
            ids = encode_lossless(self.encoding.coder, text, 0)
        except TokenizerNotLossless as error:  # which says where: that text is secret
            raise rejected(error.code, f"{name} text does not survive encoding and decoding") from error
        return Measured(name, self.encoding.relabelling.apply(ids), len(text))

    @contextmanager
    def _predictor(self, name: str) -> Iterator[tuple[PredictorPeer, Layout]]:
        """A fresh predictor with its model built, behind the walls of the run's; gone afterwards."""
        output, threads = Path(self.job.output_folder), os.cpu_count() or 1
        place = walls.predictor_place(output)
        child = walls.start(self.job, place, output / f"heldout-{name}.log", threads)
        watch = Watch([walls.watched(self.job, child)])
        try:
            child.attestation()
            peer = PredictorPeer(child)
            order = order_of(self.job, self.encoding, self.chunks, threads)
            peer.order(for_predictor(order, place.home))
            yield peer, admit(peer.description(), self.job.limits)[1]
            peer.dismiss()
        finally:
            watch.stop()
            child.end()
            end_descendants()
            walls.clear(self.job, [child])

    def _load_final(self, peer: PredictorPeer, layout: Layout, commits: int) -> None:
        if not commits:
            return  # nothing was ever committed: the model stays as it was built
        peer.open_slot(layout)
        stored_weights.restore(Path(self.job.output_folder) / WEIGHTS_NAME, layout, peer.child.slot)
        peer.load()

    def _bpb(self, peer: PredictorPeer, text: Measured) -> float:
        """Bits per byte of a text that begins anew, from the same secret share of windows as a chunk's."""
        vocab_size, schedule = self.encoding.vocab_size, self.job.schedule
        rng = secret_rng(bytes.fromhex(self.job.run_secret), f"windows of {text.name} text")
        bits = first_token_bits(vocab_size)
        for start in range(0, len(text.tokens), QUESTION_TOKENS):
            plan = windows.plan(
                text.tokens[max(0, start - 1) : start],
                text.tokens[start : start + QUESTION_TOKENS],
                length=schedule.sequence_length,
                fraction=schedule.score_fraction,
                vocab_size=vocab_size,
                rng=rng,
            )
            peer.order_scores(plan)
            bits += windows.estimate(plan, token_bits(peer.scores(plan), vocab_size)).bits
        return bits_per_byte(bits, text.bytes)


def last_revealed(chunks: list[Chunk], commits: int, budget: int) -> bytes:
    """The last `budget` bytes that a learner with so many commits was shown, from a character's start on."""
    text = b""
    for chunk in reversed(chunks[:commits]):
        if len(text) >= budget:
            break
        text = chunk.text + text
    start = max(0, len(text) - budget)
    while start < len(text) and text[start] & CONTINUATION_MASK == CONTINUATION:
        start += 1
    return text[start:]
