"""Auditing a run: a second predictor, a stranger to the first, that never sees a real window.

Of the batches that are audited every second one is asked about before anybody has been shown its chunk, the
scorer included: whatever children might tell one another, there is nobody yet who could tell. The others are
asked about afterwards, at positions where the scorer's claims gained most.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner import comparison
from evaluations.runner.codelength import token_bits
from evaluations.runner.comparison import Findings
from evaluations.runner.constants import MIN_AUDITED_WINDOWS
from evaluations.runner.encoding import Encoding
from evaluations.runner.job import Schedule
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.questions import Answer, Question
from evaluations.runner.reference_model import ReferenceModel
from evaluations.runner.slot import Slot
from evaluations.runner.splicing import Sampler, SplicedBatch, kept_rows, splice
from evaluations.runner.stopped import rejected
from evaluations.runner.stream import Chunk
from evaluations.runner.turns import Turns
from evaluations.runner.windows import ScoringPlan, Tokens, expected_windows, secret_rng

Floats = npt.NDArray[np.float32]
UNKNOWN_TOKENS = 4096  # of random text, more than a window


@dataclass(frozen=True)
class Asked:
    """Batches of one plan that the auditor was asked about, and what it answered."""

    batches: tuple[int, ...]  # by their number in the plan
    spliced: tuple[SplicedBatch, ...]
    answer: Answer


class Auditor:
    """Draws what to audit, asks, compares; `section` is the manifest's `audit`."""

    def __init__(
        self,
        peer: PredictorPeer,
        turns: Turns,
        *,
        secret: bytes,
        vocab_size: int,
        fraction: float,
        tolerance_nats: float,
        unit: str = "chunk",
    ) -> None:
        self.peer, self.turns, self.secret, self.vocab_size = peer, turns, secret, vocab_size
        self.sampler = Sampler(fraction, secret_rng(secret, "audited batches"))
        self.next_is_blind = bool(secret_rng(secret, "asked about first").integers(2))
        self.foreseen: Asked | None = None  # of the chunk that the scorer is about to be shown
        self.suspected: list[int] = []  # its batches to ask about when the scorer has answered
        self.findings = Findings(vocab_size, tolerance_nats)
        self.reference = ReferenceModel(vocab_size)
        self.donor: Tokens | None = None  # text of the chunk before, to replace futures with
        self.due: Slot | None = None  # weights that the model has not taken over yet
        self.claimed_bits, self.claimed_positions = 0.0, 0
        self.unit = unit  # what a numbered piece of the text is called

    def fix(self, slot: Slot) -> None:
        """Answer under the scorer's weights from now on; taken over when there is something to ask."""
        self.due = slot

    def foresee(self, chunk: int, plan: ScoringPlan) -> None:
        """Ask about a chunk that nobody has been shown, at secret uniform positions."""
        blind: list[int] = []
        self.suspected = []
        for batch in self.sampler.draw(len(plan.batches)):
            (blind if self.next_is_blind else self.suspected).append(batch)
            self.next_is_blind = not self.next_is_blind
        rng = secret_rng(self.secret, f"splices of chunk {chunk}")
        donor = self._donor(rng)
        spliced = tuple(splice(plan.batches[batch], None, donor, rng) for batch in blind)
        self.foreseen = self._ask(plan, tuple(blind), spliced)

    def audit(self, chunk: int, plan: ScoringPlan, tokens: Tokens, logp: Floats) -> None:
        """Compare what the scorer has just claimed for a chunk with what was foreseen, then look where the
        claims gained most; raise `Stopped`."""
        if self.foreseen is None:
            self.foresee(chunk, plan)
        assert self.foreseen is not None
        self.claimed_bits += float(token_bits(logp, self.vocab_size).sum())
        self.claimed_positions += len(logp)
        claims = _by_batch(plan, logp)
        self._compare(chunk, plan, claims, self.foreseen)
        self._compare(chunk, plan, claims, self._suspect(chunk, plan, claims))
        self.foreseen = None
        self.reference.learn(tokens)
        self.donor = tokens

    def close(self) -> None:
        """Raise `Stopped` where the scorer's claims as a whole do not hold."""
        lift = self.findings.lift()
        if lift is not None:
            raise rejected(
                comparison.MISMATCH,
                f"at {len(self.findings.lifts)} secret positions the model claimed {lift:.2g} nats more than"
                " it found, on average: too little for any one of them, too much for rounding",
            )
        z = self._z()
        if z is not None and z > comparison.MAX_Z:  # to have been unlucky there is no cheat
            raise rejected(
                comparison.MISMATCH,
                f"at {len(self.findings.boundaries)} secret positions the model, not shown what follows,"
                f" needed {z:+.1f} standard errors more than it claimed for the text as a whole",
            )

    def section(self, tokens_per_byte: float) -> dict[str, Any]:
        """The manifest's `audit`."""
        found = self.findings.estimate()
        return {
            "fraction": self.sampler.fraction,
            "tolerance_nats": self.findings.tolerance_nats,
            "windows": self.findings.windows,
            "positions": self.findings.positions,
            "boundaries": len(self.findings.boundaries),
            "boundary_bpb": found[0] * tokens_per_byte if found else None,
            "boundary_se": found[1] * tokens_per_byte if found else None,
            "z": self._z(),
            "max_abs_logp_diff": self.findings.max_difference,
            "violations": self.findings.violations,
        }

    def _z(self) -> float | None:
        return self.findings.z(self.claimed_bits / max(1, self.claimed_positions))

    def _suspect(self, chunk: int, plan: ScoringPlan, claims: list[Floats]) -> Asked:
        rng = secret_rng(self.secret, f"suspected positions of chunk {chunk}")
        donor = self._donor(rng)
        spliced = []
        for batch in self.suspected:
            real = plan.batches[batch]
            gain = self.reference.bits(real) - token_bits(claims[batch], self.vocab_size)
            spliced.append(splice(real, gain, donor, rng))
        return self._ask(plan, tuple(self.suspected), tuple(spliced))

    def _donor(self, rng: np.random.Generator) -> Tokens:
        """Text to replace futures with. Before there is other text of the stream, tokens at random: pieces
        of the first chunk would give its futures away."""
        if self.donor is None:
            return rng.integers(self.vocab_size, size=UNKNOWN_TOKENS, dtype=np.int32)
        return self.donor

    def _ask(self, plan: ScoringPlan, batches: tuple[int, ...], spliced: tuple[SplicedBatch, ...]) -> Asked:
        if not batches:
            return Asked((), (), Answer((), ()))
        question = Question(
            batches=tuple(item.tokens for item in spliced),
            seeds=tuple(plan.seeds[batch] for batch in batches),
            vectors=tuple(
                (index, row.row, row.boundary - 1) for index, item in enumerate(spliced) for row in item.rows
            ),
        )
        return Asked(batches, spliced, self._answer(question))

    def _answer(self, question: Question) -> Answer:
        with self.turns.of(self.peer.child):
            if self.due is not None:
                self.peer.take(self.due)
                self.peer.load()
                self.due = None
            self.peer.ask(question)
            return self.peer.answer(question, self.vocab_size)

    def _compare(self, chunk: int, plan: ScoringPlan, claims: list[Floats], asked: Asked) -> None:
        vectors = iter(asked.answer.vectors)
        for index, (batch, item) in enumerate(zip(asked.batches, asked.spliced, strict=True)):
            real = plan.batches[batch]
            for row in item.rows:
                self.findings.compare(
                    {"chunk": chunk, "batch": batch, "window": row.row},
                    row,
                    real[row.row],
                    claims[batch][row.row],
                    asked.answer.claims[index][row.row],
                    next(vectors),
                    weight=real.shape[0] * (real.shape[1] - 1) / len(item.rows),
                )
        self._stop_on_violation()

    def _stop_on_violation(self) -> None:
        if not self.findings.violations:
            return
        first = self.findings.violations[0]
        place = f"{self.unit} {first['chunk']}, window {first['window']}, position {first['position']}"
        if first["code"] == comparison.DISTRIBUTION:
            raise rejected(first["code"], f"at {place} the model's probabilities do not sum to one")
        raise rejected(
            first["code"],
            f"at {place} the model claimed log p = {first['claimed']:.4f} nats for a token; with the text"
            f" replaced from a later position on it finds {first['audited']:.4f}: its prediction depends"
            " on what follows, on other rows of the batch, or on what it was asked before",
        )


def audited_fraction(schedule: Schedule, chunks: list[Chunk], encoding: Encoding) -> float:
    """The share of batches to audit: the policy's, but enough for a verdict on a short run; 0 for none."""
    tokens_per_byte = encoding.prepare(chunks[0]) / len(chunks[0].text)
    return enough_of(schedule, [round(len(chunk.text) * tokens_per_byte) for chunk in chunks])


def enough_of(schedule: Schedule, tokens: list[int]) -> float:
    """The same for pieces of so many tokens."""
    length, share = schedule.sequence_length, schedule.score_fraction
    return enough_windows(schedule, sum(expected_windows(count, length, share) for count in tokens))


def enough_windows(schedule: Schedule, expected: int) -> float:
    """The same for so many windows."""
    if schedule.audit_fraction <= 0.0:
        return 0.0
    enough = MIN_AUDITED_WINDOWS / max(1, kept_rows(expected))
    return min(1.0, max(schedule.audit_fraction, enough))


def _by_batch(plan: ScoringPlan, logp: Floats) -> list[Floats]:
    """The flat claims of a chunk as (B, T-1) per batch."""
    shapes = [(batch.shape[0], batch.shape[1] - 1) for batch in plan.batches]
    ends = np.cumsum([rows * positions for rows, positions in shapes])[:-1]
    parts = np.split(logp, ends) if shapes else []
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
