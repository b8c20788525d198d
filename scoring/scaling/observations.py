"""What a law is fitted to: runs of several sizes over several amounts of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scoring.scaling.law import Numbers

FEWEST = 6  # five numbers are fitted; with five points every law passes through all


class ObservationInvalid(Exception):
    """A parameter count, a token count or a loss is missing, not finite or not above zero."""

    code = "scaling_observation_invalid"


class TooFewObservations(Exception):
    """Five numbers cannot be told from so few points."""

    code = "scaling_too_few_observations"


@dataclass(frozen=True, eq=False)
class Observations:
    """Points (N, D, loss), each array of shape (n,). `run` numbers the run that a point comes from: points of
    one run are not independent, so they are resampled together."""

    parameters: Numbers
    tokens: Numbers
    losses: Numbers
    run: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        parameters: Sequence[float],
        tokens: Sequence[float],
        losses: Sequence[float],
        run: Sequence[int] | None = None,
    ) -> Self:
        """Checked points; without `run` each is a run of its own.

        Raises:
            ObservationInvalid: something is no positive finite number, or the lengths differ.
            TooFewObservations: fewer than `FEWEST`.
        """
        columns = [np.asarray(column, dtype=np.float64) for column in (parameters, tokens, losses)]
        runs = np.arange(len(columns[0])) if run is None else np.asarray(run, dtype=np.int64)
        if len({len(column) for column in (*columns, runs)}) != 1:
            raise ObservationInvalid("columns of different lengths")
        for name, column in zip(("parameters", "tokens", "loss"), columns, strict=True):
            wrong = np.flatnonzero(~(np.isfinite(column) & (column > 0)))
            if len(wrong):
                raise ObservationInvalid(f"{name} of point {wrong[0]} is {column[wrong[0]]}")
        if len(runs) < FEWEST:
            raise TooFewObservations(f"{len(runs)} points, a law needs {FEWEST}")
        return cls(columns[0], columns[1], columns[2], runs)

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def compute(self) -> Numbers:
        """N D of each point: compute up to a factor."""
        return self.parameters * self.tokens

    def take(self, indices: NDArray[np.int64] | NDArray[np.bool_]) -> "Observations":
        """The points at `indices`, repeated where an index is; unchecked."""
        return Observations(
            self.parameters[indices], self.tokens[indices], self.losses[indices], self.run[indices]
        )
