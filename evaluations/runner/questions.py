"""What a predictor is asked, and what it answers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner.windows import ScoringPlan, Tokens

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Question:
    """Batches of equal windows (B, T), a seed for each, and where the whole distribution is wanted."""

    batches: tuple[Tokens, ...]
    seeds: tuple[int, ...]  # of the random state before each forward, so that two predictors agree
    vectors: tuple[tuple[int, int, int], ...] = ()  # (batch, row, input position)

    @classmethod
    def of(cls, plan: ScoringPlan) -> "Question":
        """A chunk's windows."""
        return cls(plan.batches, plan.seeds)

    @property
    def positions(self) -> int:
        """How many log probabilities the answer holds."""
        return sum(batch.shape[0] * (batch.shape[1] - 1) for batch in self.batches)

    def header(self) -> dict[str, Any]:
        """The message's header; the tokens follow as int32."""
        return {
            "type": "score",
            "batches": [list(batch.shape) for batch in self.batches],
            "seeds": list(self.seeds),
            "vectors": [list(place) for place in self.vectors],
        }

    def body(self) -> bytes:
        """The tokens of all batches."""
        return b"".join(batch.astype(np.int32).tobytes() for batch in self.batches)


@dataclass(frozen=True)
class Answer:
    """log p (nats) of every token but a window's first, per batch (B, T-1); and the distributions (V,)."""

    claims: tuple[Floats, ...]
    vectors: tuple[Floats, ...]


def read_answer(body: bytes, question: Question, vocab_size: int) -> Answer | None:
    """The answer to a question in its raw bytes; None for another number of numbers than asked for."""
    numbers = np.frombuffer(body[: len(body) // 4 * 4], dtype=np.float32)
    if len(body) != 4 * (question.positions + len(question.vectors) * vocab_size):
        return None
    claims, at = [], 0
    for batch in question.batches:
        shape = (batch.shape[0], batch.shape[1] - 1)
        claims.append(numbers[at : at + shape[0] * shape[1]].reshape(shape))
        at += shape[0] * shape[1]
    vectors = numbers[at:].reshape(len(question.vectors), vocab_size) if question.vectors else ()
    return Answer(tuple(claims), tuple(vectors))
