"""The tree of a model's modules, for a forward that cannot be followed.

It says what there is and not how it is connected: two models that differ in a connection alone look alike.
Names of the author's own classes say nothing; torch's say what a module does.
"""

import hashlib
from dataclasses import dataclass

from torch import nn

from evaluations.runner.graph.graph import MAX_NODES, Graph, GraphInvalid

HOLDERS = (nn.ModuleList, nn.Sequential, nn.ModuleDict)
SILENT = (nn.Dropout, nn.Identity, nn.Flatten, nn.Unflatten)
MAX_DEPTH = 40


@dataclass(frozen=True)
class Branch:
    """A module, and what stands below it; `key` is equal for equal branches."""

    label: str
    below: tuple["Branch", ...]

    @property
    def key(self) -> str:
        """A hash of the whole branch."""
        parts = [self.label, *(branch.key for branch in self.below)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def graph_of(model: nn.Module) -> Graph:
    """The tree with an edge from each module to those it holds; raises `GraphInvalid` for too large a one."""
    nodes: list[str] = []
    edges: list[tuple[int, int, int]] = []
    waiting: list[tuple[Branch, int, int]] = [(_branch(model, 0), -1, 0)]
    while waiting:
        branch, above, place = waiting.pop()
        nodes.append(branch.label)
        if len(nodes) > MAX_NODES:
            raise GraphInvalid(f"more than {MAX_NODES} modules")
        if above >= 0:
            edges.append((above, len(nodes) - 1, place))
        at = len(nodes) - 1
        waiting += [(below, at, number) for number, below in reversed(list(enumerate(branch.below)))]
    return Graph(tuple(nodes), tuple(sorted(edges)))


def _branch(module: nn.Module, depth: int) -> Branch:
    if depth > MAX_DEPTH:
        raise GraphInvalid(f"modules within modules, more than {MAX_DEPTH} deep")
    below = [_branch(child, depth + 1) for child in module.children() if not isinstance(child, SILENT)]
    return Branch(_label(module), tuple(_without_repetition(below)))


def _without_repetition(branches: list[Branch]) -> list[Branch]:
    """Of equal branches in a row the first."""
    return [one for at, one in enumerate(branches) if at == 0 or one.key != branches[at - 1].key]


def _label(module: nn.Module) -> str:
    if isinstance(module, HOLDERS):
        return "stack"
    own = any(True for _ in module.parameters(recurse=False))
    if type(module).__module__.startswith("torch.nn."):
        return type(module).__name__
    return "module weight" if own else "module"
