"""What a referee believes of graphs that untrusted processes describe."""

from typing import Any

import pytest

from evaluations.runner.graph.graph import EXPORT, LABEL_CHARS, MAX_NODES, MODULES, Graph, GraphInvalid
from evaluations.runner.graph.hashing import graph_hash, histogram, similarity
from evaluations.runner.graph.identity import differ, measured, measured_graph_hash
from evaluations.runner.graph.read import read, traced
from evaluations.runner.graph.tracing import Untraceable
from evaluations.runner.recipe import logits_of
from tests.graph.models import DependsOnNumbers

CHAIN = {"nodes": ["tokens", "embedding", "output"], "edges": [[0, 1, 0], [1, 2, 0]]}
TREE = {"nodes": ["module", "Linear"], "edges": [[0, 1, 0]]}


def claim(export: Any = CHAIN, modules: Any = TREE) -> dict[str, Any]:
    return {EXPORT: export, MODULES: modules}


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        {"nodes": ["a"]},
        {"nodes": [], "edges": []},
        {"nodes": ["a"] * (MAX_NODES + 1), "edges": []},
        {"nodes": ["a" * (LABEL_CHARS + 1)], "edges": []},
        {"nodes": ["a\n"], "edges": []},
        {"nodes": [1], "edges": []},
        {"nodes": ["a"], "edges": [[0, 1, 0]]},
        {"nodes": ["a"], "edges": [[0, 0]]},
        {"nodes": ["a", "b"], "edges": [[0, 1, True]]},
        {"nodes": ["a", "b"], "edges": [[1, 0, 0]]},
        {"nodes": ["a", "b"], "edges": [[-1, 0, 0]]},
        {"nodes": ["a"], "edges": {}},
    ],
)
def test_what_is_no_graph_is_refused(found: Any) -> None:
    with pytest.raises(GraphInvalid):
        Graph.from_json(found)


def test_hash_and_histogram_are_worked_out_here_and_not_taken_over() -> None:
    found = measured([{**claim(), "graph_hash": "0" * 64}, claim()])
    assert found is not None
    assert found.facts()["graph_hash"] == graph_hash(Graph.from_json(CHAIN), EXPORT)
    assert found.facts()["graph"] == CHAIN
    assert found.source == EXPORT


def test_two_graphs_of_one_model_differ_and_measure_nothing() -> None:
    other = {**CHAIN, "nodes": ["tokens", "linear", "output"]}
    assert differ([claim(), claim(other)])
    assert measured([claim(), claim(other)]) is None
    assert differ([claim(), claim(modules=CHAIN)])
    assert not differ([claim(), claim()])


def test_one_that_had_no_time_to_trace_leaves_what_both_have() -> None:
    claims = [claim(), claim(export=None)]
    assert not differ(claims)
    found = measured(claims)
    assert found is not None
    assert (found.source, found.graph) == (MODULES, Graph.from_json(TREE))


@pytest.mark.parametrize(
    "claims", [[], [None, None], [claim(), None], [claim(None, None), claim(None, None)]]
)
def test_nothing_is_known_of_what_somebody_does_not_describe(claims: list[Any]) -> None:
    assert measured(claims) is None
    assert not differ(claims)


def test_the_order_of_nodes_says_nothing_and_that_of_operands_does() -> None:
    nodes = ["tokens", "embedding", "linear", "sub"]
    one = Graph.from_json({"nodes": nodes, "edges": [[0, 1, 0], [1, 2, 0], [2, 3, 0], [1, 3, 1]]})
    turned = Graph(tuple(nodes[::-1]), ((3, 2, 0), (2, 1, 0), (1, 0, 0), (2, 0, 1)))
    swapped = Graph.from_json({"nodes": nodes, "edges": [[0, 1, 0], [1, 2, 0], [2, 3, 1], [1, 3, 0]]})
    assert graph_hash(one, EXPORT) == graph_hash(turned, EXPORT) != graph_hash(swapped, EXPORT)
    assert graph_hash(one, EXPORT) != graph_hash(one, MODULES)
    assert histogram(one) == histogram(turned)


def test_similarity_is_the_cosine_of_the_counts() -> None:
    assert similarity({"a": 3, "b": 4}, {"a": 3, "b": 4}) == pytest.approx(1)
    assert similarity({"a": 3, "b": 4}, {"a": 1}) == pytest.approx(0.6)
    assert similarity({"a": 1}, {"b": 1}) == 0
    assert similarity({}, {}) == 0


def test_a_forward_that_depends_on_numbers_leaves_the_tree_of_its_modules() -> None:
    with pytest.raises(Untraceable):
        traced(DependsOnNumbers(), logits_of)
    found, deeper = (
        measured([read(DependsOnNumbers(*size), logits_of, longest=8)]) for size in ((), (24, 5))
    )
    assert found is not None
    assert found == deeper
    assert found.source == MODULES
    assert found.graph.nodes == ("module", "Embedding", "stack", "Linear", "Linear")


def test_a_manifest_without_a_graph_measures_none() -> None:
    assert measured_graph_hash({"model": {"graph_hash": "a"}}) == "a"
    assert measured_graph_hash({"model": {"graph_hash": None}}) is None
    assert measured_graph_hash({"model": None}) is None
