"""The operators of a forward while they are brought into canonical form."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from evaluations.runner.graph.graph import LABEL_CHARS, MAX_EDGES, MAX_NODES, Graph, GraphInvalid

UNORDERED = frozenset({"add", "mul", "cat", "maximum", "minimum", "output"})
TOKENS = "tokens"
OUTPUT = "output"


@dataclass(frozen=True)
class Operator:
    """One operator over earlier ones. `weights` are the parameters it takes directly, by name."""

    name: str  # of the operation alone
    inputs: tuple[int, ...] = ()
    detail: str = ""  # what else tells it apart: an exponent, the axis of time, constants
    weights: tuple[str, ...] = ()
    tied: bool = field(default=False)  # one of its parameters serves another operator too

    @property
    def label(self) -> str:
        """What is compared and shown."""
        parts = [self.name, self.detail, "tied" if self.tied else ""]
        return " ".join(part for part in parts if part)[:LABEL_CHARS]

    @property
    def is_ordered(self) -> bool:
        """Whether its operands cannot change places."""
        return self.name not in UNORDERED

    def reading(self, inputs: tuple[int, ...]) -> "Operator":
        """The same operator over other operands; of equal ones, where order says nothing, one is kept."""
        return replace(self, inputs=inputs if self.is_ordered else tuple(dict.fromkeys(inputs)))


Operators = list[Operator]  # operands before whoever uses them; the last one is the output


def users_of(operators: Operators) -> list[list[int]]:
    """For each operator those that read it."""
    users: list[list[int]] = [[] for _ in operators]
    for at, operator in enumerate(operators):
        for source in operator.inputs:
            users[source].append(at)
    return users


def in_reading_order(operators: Operators) -> Operators:
    """What the output needs, each operator as late as possible: everything of a block stands together."""
    places: dict[int, int] = {}
    for at in _post_order(operators):
        places[at] = len(places)
    return [
        replace(operators[at], inputs=tuple(places[source] for source in operators[at].inputs))
        for at in places
    ]


def rewired(operators: Operators, instead: dict[int, int]) -> Operators:
    """Read `instead[i]` wherever `i` was read; what nobody reads any more goes."""
    read = [operator.reading(tuple(_final(at, instead) for at in operator.inputs)) for operator in operators]
    return in_reading_order(read)


def to_graph(operators: Operators) -> Graph:
    """The operators as data; raises `GraphInvalid` where there are too many."""
    edges = tuple(
        sorted(
            (source, at, place if operator.is_ordered else 0)
            for at, operator in enumerate(operators)
            for place, source in enumerate(operator.inputs)
        )
    )
    if len(operators) > MAX_NODES or len(edges) > MAX_EDGES:
        raise GraphInvalid(f"{len(operators)} operators, at most {MAX_NODES} are kept")
    return Graph(tuple(operator.label for operator in operators), edges)


def _final(at: int, instead: dict[int, int]) -> int:
    while at in instead:
        at = instead[at]
    return at


def _post_order(operators: Operators) -> Iterator[int]:
    waiting, seen = [(len(operators) - 1, False)], set[int]()
    while waiting:
        at, is_ready = waiting.pop()
        if is_ready:
            yield at
        elif at not in seen:
            seen.add(at)
            waiting.append((at, True))
            waiting += [(source, False) for source in reversed(operators[at].inputs)]
