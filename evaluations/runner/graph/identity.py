"""What the referee makes of the graphs that a predictor, an untrusted process, says its model has.

It takes nothing but labels and edges, and works out hash and histogram itself: they belong to the graph that
is shown. A process can still describe another graph than its model's: so two that are strangers to each
other must describe the same, and a run describes it again.
"""

from dataclasses import dataclass
from typing import Any

from evaluations.runner.graph.graph import EXPORT, MODULES, Graph, GraphInvalid
from evaluations.runner.graph.hashing import graph_hash, histogram


@dataclass(frozen=True)
class Measured:
    """A graph, its hash (64 hex) and how it was read."""

    graph: Graph
    graph_hash: str
    source: str  # export or modules

    def facts(self) -> dict[str, Any]:
        """What is told of it: graph_hash, graph_source, graph, histogram."""
        return {
            "graph_hash": self.graph_hash,
            "graph_source": self.source,
            "graph": self.graph.to_json(),
            "histogram": histogram(self.graph),
        }


UNKNOWN: dict[str, Any] = {"graph_hash": None, "graph_source": "", "graph": None, "histogram": {}}


def measured(claims: list[Any]) -> Measured | None:
    """The graph that all describe: traced where all could, else by its modules; null for none, or for two.

    One that gave up where another did not had less time, which is no difference between them.
    """
    for source in (EXPORT, MODULES):
        found = [_graph(claim, source) for claim in claims]
        if found and all(found):
            hashes = {graph_hash(graph, source) for graph in found if graph}
            return Measured(found[0], hashes.pop(), source) if found[0] and len(hashes) == 1 else None
    return None


def differ(claims: list[Any]) -> bool:
    """Whether two describe different graphs of one model."""
    for source in (EXPORT, MODULES):
        hashes = {graph_hash(graph, source) for claim in claims if (graph := _graph(claim, source))}
        if len(hashes) > 1:
            return True
    return False


def measured_graph_hash(manifest: dict[str, Any]) -> str | None:
    """The hash that a run's own predictors described; null where they traced none, or not the same."""
    found = (manifest.get("model") or {}).get("graph_hash")
    return found if isinstance(found, str) else None


def _graph(claim: Any, source: str) -> Graph | None:
    try:
        return Graph.from_json(claim.get(source)) if isinstance(claim, dict) else None
    except GraphInvalid:
        return None
