"""How long a run still waits and takes, judged by how long earlier runs took. Pure.

The queue is played through a few hundred times, each time with durations drawn from the measured ones; what a
reader is told are quantiles of the outcomes, because durations have long tails that a mean hides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]  # one value a play
Durations = Mapping[str, Sequence[float]]  # seconds of past runs by mode, at least one each

PLAYS = 201  # odd, so that one of them is the middle
QUANTILES = (0.1, 0.5, 0.9)
DOUBT = 0.5  # standard deviation of the logarithm that one measured run leaves open; n of them DOUBT / √n
SEED = 0  # the same queue is told the same time


@dataclass(frozen=True)
class Span:
    """Seconds from now: the middle, and what nine of ten outcomes stay above and below."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Running:
    """A run that has a slot: since how many seconds, and whether it is one that is asked about."""

    mode: str
    elapsed: float
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A queue: who has the slots, whose turn comes first, and the runs that are asked about, of `mode`."""

    mode: str
    slots: int
    running: Sequence[Running] = ()
    ahead: Sequence[str] = ()  # modes, in the order of their turns
    waiting: int = 0  # runs asked about that have no slot yet

    @property
    def modes(self) -> set[str]:
        """Every mode whose durations matter."""
        return {self.mode, *self.ahead, *(one.mode for one in self.running)}


def play(line: Line, durations: Durations) -> tuple[Span, Span]:
    """(until the first of the runs asked about has a slot, until the last of them has ended)."""
    rng = np.random.default_rng(SEED)
    doubts = {mode: _doubt(rng, len(durations[mode])) for mode in sorted(line.modes)}
    free = np.zeros((PLAYS, max(line.slots, len(line.running), 1)))
    ended = np.zeros(PLAYS)
    for slot, one in enumerate(line.running):
        free[:, slot] = _left(rng, durations[one.mode], doubts[one.mode], one.elapsed)
        ended = np.maximum(ended, free[:, slot]) if one.own else ended
    for mode in line.ahead:
        _occupy(free, _drawn(rng, durations[mode], doubts[mode]))
    starts = np.zeros(PLAYS) if any(one.own for one in line.running) else free.min(axis=1)
    for _ in range(line.waiting):
        ended = np.maximum(ended, _occupy(free, _drawn(rng, durations[line.mode], doubts[line.mode])))
    return _span(starts), _span(ended)


def _occupy(free: Floats, seconds: Floats) -> Floats:
    """Give the slot that is free first to a run, in every play; return when it ends."""
    plays, slot = np.arange(PLAYS), free.argmin(axis=1)
    free[plays, slot] += seconds
    ended: Floats = free[plays, slot]
    return ended


def _drawn(rng: np.random.Generator, durations: Sequence[float], doubt: Floats) -> Floats:
    return rng.choice(np.asarray(durations, dtype=np.float64), PLAYS) * doubt


def _left(rng: np.random.Generator, durations: Sequence[float], doubt: Floats, elapsed: float) -> Floats:
    """What remains of a run that goes on since `elapsed`: of the durations, those that are longer count.

    One that has outlived them all may end now or take as long again as the longest.
    """
    known = np.sort(np.asarray(durations, dtype=np.float64))
    luck = rng.random(PLAYS)
    shorter = np.searchsorted(known, elapsed / doubt, side="right")
    chosen = shorter + np.floor(luck * (len(known) - shorter)).astype(np.int64)
    outlived = shorter == len(known)
    whole = known[np.minimum(chosen, len(known) - 1)] * doubt
    return np.where(outlived, luck * known[-1] * doubt, np.maximum(whole - elapsed, 0.0))


def _doubt(rng: np.random.Generator, measured: int) -> Floats:
    """A factor for each play, the same for all runs of a mode: few measurements say little about the next.

    It comes in equal steps of probability, so that its middle is exactly 1.
    """
    steps = (np.arange(PLAYS) + 0.5) / PLAYS
    width = DOUBT / sqrt(measured)
    factors = np.array([NormalDist(sigma=width).inv_cdf(step) for step in steps])
    return rng.permutation(np.exp(factors))


def _span(outcomes: Floats) -> Span:
    return Span(*map(float, np.quantile(outcomes, QUANTILES)))
