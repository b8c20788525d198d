"""Held-out: the same model untrained and trained, on secret text that training never coexisted with.

Called when the learner and everything it started is dead. Fresh predictors, strangers to each other and to
the run's, are asked: one under its own W_0 about the secret text, another under the stored final weights
about the secret text and about the last text that was trained on, and a third audits the second. The same
three are asked about benchmark packs. The figures order near-ties and show memorising; they never make a
score, which comes from text predicted before it was seen.
"""

import hashlib
import hmac
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from evaluations.runner import benchmarks, windows
from evaluations.runner.auditor import Auditor, Floats, enough_of, enough_windows
from evaluations.runner.benchmarks import Questions
from evaluations.runner.codelength import bits_per_byte, first_token_bits, token_bits
from evaluations.runner.encoding import Encoding
from evaluations.runner.fresh_predictors import fresh_predictors, load_final
from evaluations.runner.job import Job
from evaluations.runner.pack_windows import Place
from evaluations.runner.packs import Pack
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.slot import Layout
from evaluations.runner.stopped import rejected
from evaluations.runner.stream import CONTINUATION, CONTINUATION_MASK, Chunk
from evaluations.runner.tokenizers import TokenizerNotLossless, encode_lossless
from evaluations.runner.turns import Turns
from evaluations.runner.windows import ScoringPlan, Tokens, secret_rng

UNTRAINED, TRAINED, AUDITING = "untrained", "trained", "auditing"
QUESTION_TOKENS = 1 << 16  # asked at once, so that one answer stays within its time


@dataclass(frozen=True)
class Measured:
    """One text and what it is called; the windows drawn of it depend on the name, not on the model."""

    name: str
    tokens: Tokens
    bytes: int

    def pieces(self) -> list[Tokens]:
        """The tokens in pieces that are asked about at once."""
        starts = range(0, len(self.tokens), QUESTION_TOKENS)
        return [self.tokens[start : start + QUESTION_TOKENS] for start in starts]


class Heldout:
    """The measurement of one finished run whose final weights lie in the job's folder."""

    def __init__(self, job: Job, encoding: Encoding, chunks: list[Chunk], packs: list[Pack]) -> None:
        self.job, self.encoding, self.chunks = job, encoding, chunks
        self.packs = [pack for pack in packs if pack.items]
        self.asked = 0  # pieces of text that were audited

    def measure(self, val: bytes, commits: int) -> dict[str, Any]:
        """The manifest's `heldout`, in bits per byte; `train_bpb` and `gap` are null where nothing was shown.

        Raises `Stopped` for the submission's faults.
        """
        secret = self._measured("held-out", val)
        consumed = last_revealed(self.chunks, commits, len(val))
        shown = self._measured("trained", consumed) if consumed else None
        length = self.job.schedule.sequence_length
        questions = [Questions.of(pack, self._encoded, length) for pack in self.packs]
        with self._fresh(UNTRAINED) as [(untrained, _)]:
            bpb_init = self._bpb(untrained, secret, None)
            before = [self._answers(untrained, each) for each in questions]
        with self._fresh(TRAINED, AUDITING) as asked:
            for peer, layout in asked:
                load_final(self.job, peer, layout, commits)
            trained = asked[0][0]
            auditor = self._auditor(asked[1][0], trained, [text for text in (secret, shown) if text])
            bpb = self._bpb(trained, secret, auditor)
            train_bpb = self._bpb(trained, shown, auditor) if shown else None
            auditor.close()
            after = [self._audited_answers(trained, asked[1][0], each) for each in questions]
        # A model made worse than knowing nothing would seem to have learned more.
        uniform = bits_per_byte(len(secret.tokens) * first_token_bits(self.encoding.vocab_size), len(val))
        return {
            "bpb": bpb,
            "bpb_init": bpb_init,
            "delta": min(bpb_init, uniform) - min(bpb, uniform),
            "train_bpb": train_bpb,
            "gap": None if train_bpb is None else bpb - train_bpb,
            "bytes": len(val),
            "train_bytes": len(consumed),
            "audited_windows": auditor.findings.windows,
            "benchmarks": {
                each.pack.spec.name: self._result(each, twins, trained_bits)
                for each, twins, trained_bits in zip(questions, before, after, strict=True)
            },
        }

    def _fresh(self, *names: str) -> AbstractContextManager[list[tuple[PredictorPeer, Layout]]]:
        return fresh_predictors(self.job, self.encoding, self.chunks, names)

    def _auditor(self, peer: PredictorPeer, asked: PredictorPeer, texts: list[Measured]) -> Auditor:
        pieces = [len(piece) for text in texts for piece in text.pieces()]
        fraction = enough_of(self.job.schedule, pieces)
        return self._audits(peer, asked, "held-out text", fraction, "piece of the held-out measurement")

    def _audits(
        self, peer: PredictorPeer, asked: PredictorPeer, what: str, fraction: float, unit: str
    ) -> Auditor:
        secret = hmac.new(bytes.fromhex(self.job.run_secret), self.job.submission_id.encode(), hashlib.sha256)
        return Auditor(
            peer,
            Turns([asked.child, peer.child]),
            secret=secret_rng(secret.digest(), f"audit of {what}").bytes(32),
            vocab_size=self.encoding.vocab_size,
            fraction=fraction,
            tolerance_nats=self.job.schedule.audit_tolerance_nats,
            unit=unit,
        )

    def _answers(self, peer: PredictorPeer, questions: Questions) -> dict[Place, float]:
        """Bits of every gold answer."""
        return questions.bits(
            questions.gold,
            partial(self._claims, peer, auditor=None),
            vocab_size=self.encoding.vocab_size,
            secret=bytes.fromhex(self.job.run_secret),
        )

    def _audited_answers(
        self, peer: PredictorPeer, auditing: PredictorPeer, questions: Questions
    ) -> tuple[dict[Place, float], int]:
        """Bits of every answer, and how many windows were audited."""
        name = questions.pack.spec.name
        fraction = enough_windows(self.job.schedule, len(questions.windows))
        auditor = self._audits(auditing, peer, name, fraction, f"question of the benchmark pack {name}")
        bits = questions.bits(
            questions.windows,
            partial(self._claims, peer, auditor=auditor),
            vocab_size=self.encoding.vocab_size,
            secret=bytes.fromhex(self.job.run_secret),
            auditor=auditor,
        )
        auditor.close()
        return bits, auditor.findings.windows

    def _result(
        self, questions: Questions, twins: dict[Place, float], trained: tuple[dict[Place, float], int]
    ) -> dict[str, Any]:
        bits, audited = trained
        found = benchmarks.result(questions, twins, bits, self.encoding.vocab_size)
        return {**found, "audited_windows": audited}

    def _measured(self, name: str, text: bytes) -> Measured:
        return Measured(name, self._encoded(f"{name} text", text), len(text))

    def _encoded(self, name: str, text: bytes) -> Tokens:
        try:
            ids = encode_lossless(self.encoding.coder, text, 0)
        except TokenizerNotLossless as error:  # which says where: that text is secret
            raise rejected(error.code, f"{name} does not survive encoding and decoding") from error
        return self.encoding.relabelling.apply(ids)

    def _bpb(self, peer: PredictorPeer, text: Measured, auditor: Auditor | None) -> float:
        """Bits per byte of a text that begins anew, from the same secret share of windows as a chunk's."""
        vocab_size, schedule = self.encoding.vocab_size, self.job.schedule
        rng = secret_rng(bytes.fromhex(self.job.run_secret), f"windows of {text.name} text")
        bits, overlap = first_token_bits(vocab_size), text.tokens[:0]
        for piece in text.pieces():
            plan = windows.plan(
                overlap,
                piece,
                length=schedule.sequence_length,
                fraction=schedule.score_fraction,
                vocab_size=vocab_size,
                rng=rng,
            )
            if auditor:
                auditor.foresee(self.asked, plan)
            claims = self._claims(peer, plan, auditor)
            bits += windows.estimate(plan, token_bits(claims, vocab_size)).bits
            if auditor:
                auditor.audit(self.asked, plan, piece, claims)
                self.asked += 1
            overlap = piece[-1:]
        return bits_per_byte(bits, text.bytes)

    def _claims(self, peer: PredictorPeer, plan: ScoringPlan, auditor: Auditor | None) -> Floats:
        with auditor.turns.of(peer.child) if auditor else nullcontext():
            peer.order_scores(plan)
            return peer.scores(plan)


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
