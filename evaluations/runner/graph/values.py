"""What a name in a traced forward stands for, and the operators found so far.

A value is one of three things: what an operator gives (its place), a parameter (its name), or a constant,
which is everything that depends on neither tokens nor parameters: masks, tables of positions.
"""

from dataclasses import dataclass, field
from typing import Any

from evaluations.runner.graph.operators import Operator, Operators


@dataclass(frozen=True)
class Weight:
    """A parameter, or a view of it."""

    name: str


@dataclass(frozen=True)
class Constant:
    """The same for every text and every training."""


CONSTANT = Constant()
Value = int | Weight | Constant | tuple[Any, ...]


@dataclass
class Draft:
    """The operators of one forward, in the order of computing."""

    length: int  # of the traced text: how the axis of time is told from others
    operators: Operators = field(default_factory=list)

    def add(self, operator: Operator) -> int:
        """Append one; give its place."""
        self.operators.append(operator)
        return len(self.operators) - 1


def parts_of(operands: list[Value]) -> tuple[tuple[int, ...], tuple[str, ...], bool]:
    """Operators, parameters, and whether a constant is among them."""
    data = tuple(value for value in operands if isinstance(value, int))
    weights = tuple(value.name for value in operands if isinstance(value, Weight))
    return data, weights, any(isinstance(value, Constant) for value in operands)
