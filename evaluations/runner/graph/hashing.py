"""Weisfeiler-Lehman: every node's label grows by those of its neighbours, round after round. Pure.

Equal graphs get equal hashes whatever the order of their nodes. The histogram counts the labels of the first
rounds, so that two graphs which differ in one place still have most of it in common.

Source: Shervashidze et al., Weisfeiler-Lehman graph kernels, JMLR 12 (2011).
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping

from evaluations.runner.graph.graph import Graph

VERSION = "1"  # of the canonical form; hashes of another one are not comparable
HASH_ROUNDS = 12  # a change is seen this many operators away
HISTOGRAM_ROUNDS = 3
LABEL_DIGITS = 12


def graph_hash(graph: Graph, source: str) -> str:
    """64 hex digits; a graph that was read in another way never equals."""
    final = refined(graph, HASH_ROUNDS)[-1]
    return hashlib.sha256("\n".join([VERSION, source, *sorted(final)]).encode()).hexdigest()


def histogram(graph: Graph) -> dict[str, int]:
    """How often each label of rounds 0 to 3 occurs, {12 hex digits: count}, sorted."""
    rounds = refined(graph, HISTOGRAM_ROUNDS)
    return dict(sorted(Counter(label for labels in rounds for label in labels).items()))


def similarity(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Cosine of two histograms: 1 for equal ones, 0 for nothing in common or nothing at all."""
    dot = math.fsum(count * other.get(label, 0) for label, count in one.items())
    norms = math.sqrt(_squares(one) * _squares(other))
    return min(1.0, dot / norms) if norms else 0.0


def refined(graph: Graph, rounds: int) -> list[list[str]]:
    """The labels of all nodes before the first round and after each."""
    operands: list[list[tuple[int, int]]] = [[] for _ in graph.nodes]
    users: list[list[tuple[int, int]]] = [[] for _ in graph.nodes]
    for start, end, place in graph.edges:
        operands[end].append((place, start))
        users[start].append((place, end))
    found = [[_digest(label) for label in graph.nodes]]
    for _ in range(rounds):
        last = found[-1]
        found.append(
            [
                _digest(last[at], *_around(operands[at], last), "<", *_around(users[at], last))
                for at in range(len(last))
            ]
        )
    return found


def _around(neighbours: list[tuple[int, int]], labels: list[str]) -> list[str]:
    return sorted(f"{place} {labels[at]}" for place, at in neighbours)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:LABEL_DIGITS]


def _squares(histogram: Mapping[str, int]) -> float:
    return math.fsum(count * count for count in histogram.values())
