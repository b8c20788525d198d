"""Collapsing repetition: how deep a model is, how many heads or experts it has says nothing of its kind.

Blocks that follow each other are found in the order of reading: operator i equals operator i + p, for a whole
period p, when both do the same with operands that stand at the same distance or are the very same. All but
the first block of such a run go. Branches that do the same with the same operand and are joined count once.
"""

import hashlib
from collections import Counter
from dataclasses import replace

from evaluations.runner.graph.operators import Operators, in_reading_order, rewired, users_of

JOINS = frozenset({"add", "cat", "maximum"})


def collapsed(operators: Operators) -> Operators:
    """The operators without repetition."""
    found = _joined(_with_ties(in_reading_order(operators)))
    while True:
        shorter = _shorter(found)
        if shorter is None:
            return found
        found = _joined(shorter)


def _with_ties(operators: Operators) -> Operators:
    """Mark who shares parameters."""
    used = Counter(name for operator in operators for name in set(operator.weights))
    return [
        replace(operator, tied=any(used[name] > 1 for name in operator.weights)) for operator in operators
    ]


def _joined(operators: Operators) -> Operators:
    """Sums of sums as one sum; of branches that are alike, one."""
    return _one_of_each(_flat(operators))


def _flat(operators: Operators) -> Operators:
    users, found = users_of(operators), list(operators)
    for at, operator in enumerate(found):
        if operator.name == "add" and not operator.detail:
            inputs: list[int] = []
            for source in operator.inputs:
                inner = found[source]
                is_part = inner.name == "add" and not inner.detail and len(users[source]) == 1
                inputs += inner.inputs if is_part else [source]
            found[at] = operator.reading(tuple(inputs))
    return in_reading_order(found)


def _one_of_each(operators: Operators) -> Operators:
    """Branches into a sum or a concatenation that are the same down to the tokens."""
    alike: list[str] = []
    found = list(operators)
    for at, operator in enumerate(operators):
        inputs = operator.inputs
        if operator.name in JOINS and operator.detail != "time":
            inputs = tuple({alike[source]: source for source in reversed(inputs)}.values())[::-1]
            found[at] = replace(operator, inputs=inputs)
        below = [alike[source] for source in inputs]
        below = below if operator.is_ordered else sorted(below)
        alike.append(hashlib.sha256("\0".join([operator.label, *below]).encode()).hexdigest()[:24])
    return in_reading_order(found)


def _shorter(operators: Operators) -> Operators | None:
    """Without the copies of the first run of the shortest period; null where nothing repeats."""
    for period in range(1, len(operators) // 2 + 1):
        start = 0
        while start + 2 * period <= len(operators):
            length = _run(operators, start, period)
            if length >= period and _is_block(operators, start, period):
                return _without_copies(operators, start, period, length // period)
            start += max(1, length - period + 1)
    return None


def _run(operators: Operators, start: int, period: int) -> int:
    """How many operators from `start` on equal the one a period later."""
    length = 0
    while start + length + period < len(operators):
        one, other = operators[start + length], operators[start + length + period]
        if one.label != other.label or len(one.inputs) != len(other.inputs):
            break
        pairs = zip(one.inputs, other.inputs, strict=True)
        if not all(b - a == period or (a == b and a < start) for a, b in pairs):
            break
        length += 1
    return length


def _is_block(operators: Operators, start: int, period: int) -> bool:
    """Whether the second copy reads the first (else they stand side by side), and is more than a matrix."""
    if period == 1 and operators[start].name in ("linear", "piece"):
        return False
    copy = range(start + period, start + 2 * period)
    return any(start <= source < start + period for at in copy for source in operators[at].inputs)


def _without_copies(operators: Operators, start: int, period: int, copies: int) -> Operators:
    end = start + period * (copies + 1)
    instead = {at: start + (at - start) % period for at in range(start + period, end)}
    return rewired(operators, instead)
