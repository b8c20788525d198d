"""Windows of benchmark items: one answer each, right after as much of its prompt as fits.

Windows of about one length form a batch. What stands after an answer is random: no causal model sees it, and
the audit replaces it as it replaces every future.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluations.runner.codelength import first_token_bits, token_bits
from evaluations.runner.constants import SCORING_BATCH_FLOATS, SCORING_BATCH_ROWS
from evaluations.runner.windows import ScoringPlan, Tokens

Floats = npt.NDArray[np.float32]
Place = tuple[int, int]  # the number of an item, and of one of its answers
QUESTION_TOKENS = 1 << 16  # asked at once, so that one answer stays within its time


@dataclass(frozen=True)
class Window:
    """(n,) tokens, of which the last `answer` are scored."""

    place: Place
    tokens: Tokens
    answer: int
    surplus: int  # tokens of the answer for which there was no room, coded uniformly

    def bits(self, logp: Floats, vocab_size: int) -> float:
        """The code length of the answer, from the claims (T-1,) for a row that begins with this window."""
        last = len(self.tokens) - 1
        claimed = float(token_bits(logp[last - self.answer : last], vocab_size).sum())
        return claimed + self.surplus * first_token_bits(vocab_size)

    def uniform_bits(self, vocab_size: int) -> float:
        """The same of a coder that knows nothing."""
        return (self.answer + self.surplus) * first_token_bits(vocab_size)


def window(place: Place, prompt: Tokens, answer: Tokens, length: int) -> Window:
    """At most `length` tokens; the first is always the prompt's, as nothing predicts it."""
    kept = answer[max(0, len(answer) - (length - 1)) :]
    start = max(0, len(prompt) - (length - len(kept)))
    tokens = np.concatenate([prompt[start:], kept]).astype(np.int32)
    return Window(place, tokens, len(kept), len(answer) - len(kept))


@dataclass(frozen=True)
class Batched:
    """What is asked at once: a plan, and the window in each of its rows, row after row."""

    plan: ScoringPlan
    windows: tuple[Window, ...]

    @property
    def tokens(self) -> Tokens:
        """All of them in one line."""
        return np.concatenate([batch.ravel() for batch in self.plan.batches])

    def bits(self, logp: Floats, vocab_size: int) -> dict[Place, float]:
        """The code length of every answer, from claims in plan order."""
        found, at, rows = {}, 0, iter(self.windows)
        for batch in self.plan.batches:
            positions = batch.shape[1] - 1
            for _ in range(batch.shape[0]):
                row = next(rows)
                found[row.place] = row.bits(logp[at : at + positions], vocab_size)
                at += positions
        return found


def batched(windows: Sequence[Window], *, vocab_size: int, rng: np.random.Generator) -> list[Batched]:
    """The windows by rising length, in batches as wide as their longest, in questions of a bounded size."""
    groups: list[list[Window]] = []
    for row in sorted(windows, key=lambda row: len(row.tokens)):
        fitting = max(1, min(SCORING_BATCH_ROWS, SCORING_BATCH_FLOATS // (len(row.tokens) * vocab_size)))
        if not groups or len(groups[-1]) >= fitting:
            groups.append([])
        groups[-1].append(row)
    return [_batched(part, vocab_size, rng) for part in _parts(groups)]


def _parts(groups: Sequence[list[Window]]) -> Iterator[list[list[Window]]]:
    part: list[list[Window]] = []
    size = 0
    for group in groups:
        tokens = len(group) * len(group[-1].tokens)
        if part and size + tokens > QUESTION_TOKENS:
            yield part
            part, size = [], 0
        part.append(group)
        size += tokens
    if part:
        yield part


def _batched(groups: Sequence[list[Window]], vocab_size: int, rng: np.random.Generator) -> Batched:
    batches = tuple(_batch(group, vocab_size, rng) for group in groups)
    seeds = tuple(int(seed) for seed in rng.integers(2**31, size=len(batches)))
    rows = tuple(row for group in groups for row in group)
    return Batched(ScoringPlan(batches, seeds, len(rows), len(rows)), rows)


def _batch(group: Sequence[Window], vocab_size: int, rng: np.random.Generator) -> Tokens:
    tokens = rng.integers(vocab_size, size=(len(group), len(group[-1].tokens)), dtype=np.int32)
    for line, row in zip(tokens, group, strict=True):
        line[: len(row.tokens)] = row.tokens
    return tokens
