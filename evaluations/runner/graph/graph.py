"""A canonical graph as data: labels, and edges from operand to operator. Pure."""

from dataclasses import dataclass
from typing import Any, Self

EXPORT, MODULES = "export", "modules"  # the two ways of reading one
MAX_NODES = 1_000
MAX_EDGES = 4_000
LABEL_CHARS = 48


class GraphInvalid(Exception):
    """Something that is no graph, or more of one than is kept."""

    code = "graph_invalid"


@dataclass(frozen=True)
class Graph:
    """`edges` are (from, to, place): the place among the operands, 0 where their order says nothing."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int, int], ...]

    def to_json(self) -> dict[str, Any]:
        """`{"nodes": [label], "edges": [[from, to, place]]}`."""
        return {"nodes": list(self.nodes), "edges": [list(edge) for edge in self.edges]}

    @classmethod
    def from_json(cls, found: Any) -> Self:
        """Read what an untrusted process sent; raises `GraphInvalid`."""
        if not isinstance(found, dict) or set(found) != {"nodes", "edges"}:
            raise GraphInvalid("a graph has nodes and edges")
        nodes, edges = found["nodes"], found["edges"]
        if not isinstance(nodes, list) or not isinstance(edges, list):
            raise GraphInvalid("nodes and edges are lists")
        if not 0 < len(nodes) <= MAX_NODES or len(edges) > MAX_EDGES:
            raise GraphInvalid(f"a graph has 1 to {MAX_NODES} nodes and at most {MAX_EDGES} edges")
        if not all(_is_label(node) for node in nodes):
            raise GraphInvalid(f"a label is a printable text of at most {LABEL_CHARS} characters")
        if not all(_is_edge(edge, len(nodes)) for edge in edges):
            raise GraphInvalid("an edge is [from, to, place], from a node to a later one")
        return cls(tuple(nodes), tuple(sorted((edge[0], edge[1], edge[2]) for edge in edges)))


def _is_label(found: Any) -> bool:
    return isinstance(found, str) and 0 < len(found) <= LABEL_CHARS and found.isprintable()


def _is_edge(found: Any, count: int) -> bool:
    if not isinstance(found, list) or [type(part) for part in found] != [int, int, int]:
        return False
    start, end, place = found
    return bool(start < end < count and place < MAX_NODES and min(found) >= 0)
