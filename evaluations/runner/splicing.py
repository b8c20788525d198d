"""Spliced batches: the scorer's windows with their futures replaced, for the auditor.

In an audited batch most rows keep their text up to a secret position s; everything from s on, and every
other row whole, is other natural text of the same stream. A causal model cannot tell the difference before s,
so its log probabilities there, and its distribution at s, must be the ones that the scorer claimed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluations.runner.windows import Tokens

REDRAWS = 8  # of replacement text whose first token happens to be the real one


@dataclass(frozen=True)
class Spliced:
    """One row that keeps its text before `boundary`, 1 <= boundary < T."""

    row: int
    boundary: int  # index of the first replaced token; the auditor must not know the token that stood there
    uniform: bool  # drawn uniformly; else by how much the claim beat the reference model


@dataclass(frozen=True)
class SplicedBatch:
    """What the auditor is given in place of the scorer's batch."""

    tokens: Tokens  # (B, T)
    rows: tuple[Spliced, ...]


class Sampler:
    """Systematic sampling of batches: each with the same probability, from one secret start."""

    def __init__(self, fraction: float, rng: np.random.Generator) -> None:
        self.fraction = min(1.0, fraction)
        self.position = float(rng.random())

    def draw(self, batches: int) -> list[int]:
        """Which of the next `batches` are audited."""
        found = []
        for batch in range(batches):
            before, self.position = int(self.position), self.position + self.fraction
            if int(self.position) > before:
                found.append(batch)
        return found


def splice(
    windows_BxT: Tokens,
    advantage_BxT: npt.NDArray[np.float64] | None,
    donor: Tokens,
    rng: np.random.Generator,
) -> SplicedBatch:
    """Replace the futures of most rows, and the other rows whole, by pieces of `donor` (1-D).

    `advantage_BxT` (B, T-1) holds by how many bits the claim for a token beat the reference model, and
    boundaries are drawn by it; without one they are drawn uniformly.
    """
    rows, length = windows_BxT.shape
    spliced = []
    tokens = np.stack([_piece(donor, length, rng) for _ in range(rows)])
    for row in rng.permutation(rows)[: kept_rows(rows)]:
        uniform = advantage_BxT is None
        position = rng.integers(length - 1) if advantage_BxT is None else _suspect(advantage_BxT[row], rng)
        boundary = 1 + int(position)
        tokens[row] = _spliced(windows_BxT[row], tokens[row], boundary, donor, rng)
        spliced.append(Spliced(int(row), boundary, uniform))
    return SplicedBatch(tokens.astype(np.int32), tuple(spliced))


def kept_rows(rows: int) -> int:
    """How many rows of a batch keep a real beginning; the others tell whether rows see each other."""
    return max(1, rows - max(1, rows // 8))


def _suspect(advantage: npt.NDArray[np.float64], rng: np.random.Generator) -> int:
    """A position (from 0) with a probability in proportion to its bits of advantage, (T-1,).

    So the chance to find a leak grows with what it gains, wherever it hides: always taking the largest
    advantage would leave all others to whoever knows the reference model.
    """
    bits = np.maximum(advantage, 0.0)
    total = float(bits.sum())
    return int(rng.choice(len(bits), p=bits / total)) if total > 0.0 else int(advantage.argmax())


def _spliced(real: Tokens, other: Tokens, boundary: int, donor: Tokens, rng: np.random.Generator) -> Tokens:
    """`real` before the boundary, other text from there on, whose first token is not the real one."""
    for _ in range(REDRAWS):
        if other[boundary] != real[boundary]:
            break
        other = _piece(donor, len(real), rng)
    return np.concatenate([real[:boundary], other[boundary:]])


def _piece(donor: Tokens, length: int, rng: np.random.Generator) -> Tokens:
    start = int(rng.integers(max(1, len(donor) - length + 1)))
    return np.resize(donor[start : start + length], length)
