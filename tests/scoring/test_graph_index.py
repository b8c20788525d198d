"""The most similar graphs: exact cosines, and never of what was rolled back or taken away."""

import math
import uuid
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from evaluations.enums import Mode
from scoring.graph_index import GraphIndex, index_of
from scoring.models import Family, FamilyGraph, FamilyTurn
from scoring.ownership import take_turn
from tests import factories

MODE = Mode.LOCAL_CPU_SMOKE
histograms = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=1)


def graph(histogram: dict[str, int], number: int = 1) -> FamilyGraph:
    return FamilyGraph(family_id=uuid.uuid4(), mode=MODE, histogram=histogram, number=number)


def cosine(one: dict[str, int], other: dict[str, int]) -> float:
    dot = sum(count * other.get(label, 0) for label, count in one.items())
    return dot / math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))


@given(st.lists(histograms, min_size=1, max_size=6), histograms)
def test_similarities_are_the_cosines_of_the_histograms(
    stored: list[dict[str, int]], asked: dict[str, int]
) -> None:
    graphs = [graph(histogram, number) for number, histogram in enumerate(stored)]
    found = GraphIndex().grown(graphs).similarities(asked)
    for each in graphs:
        assert math.isclose(found.get(each.family_id, 0.0), cosine(each.histogram, asked), abs_tol=1e-12)


def test_of_several_graphs_of_a_family_the_most_similar_counts() -> None:
    near, far = graph({"a": 1}), graph({"b": 1})
    far.family_id = near.family_id
    assert GraphIndex().grown([far, near]).similarities({"a": 2, "b": 1}) == {
        near.family_id: pytest.approx(2 / math.sqrt(5))
    }


def test_nothing_is_similar_to_nothing() -> None:
    assert GraphIndex().similarities({"a": 1}) == {}
    assert GraphIndex().grown([graph({"a": 1})]).similarities({}) == {}
    assert GraphIndex().grown([graph({})]).similarities({"a": 1}) == {}


@pytest.mark.django_db
class TestKept:
    """What a process keeps between two questions."""

    def stored(self, turn: FamilyTurn, family: Family, label: str) -> FamilyGraph:
        turn.graphs += 1
        turn.save()
        return FamilyGraph.objects.create(
            family=family, mode=MODE, graph_hash=label * 64, histogram={label: 1}, number=turn.graphs
        )

    @pytest.fixture
    def family(self) -> Any:
        return Family.objects.get(attributions__pk=factories.make_completed().pk)

    def test_what_came_since_is_read(self, family: Family) -> None:
        turn = take_turn(MODE)
        assert index_of(turn).similarities({"x": 1}) == {}
        self.stored(turn, family, "x")
        assert index_of(turn).similarities({"x": 1}) == {family.pk: pytest.approx(1.0)}

    def test_what_was_rolled_back_is_forgotten(self, family: Family) -> None:
        with transaction.atomic():
            turn = take_turn(MODE)
            self.stored(turn, family, "x")
            assert index_of(turn).similarities({"x": 1})
            transaction.set_rollback(True)
        turn = take_turn(MODE)
        self.stored(turn, family, "y")
        found = index_of(turn)
        assert (found.similarities({"x": 1}), bool(found.similarities({"y": 1}))) == ({}, True)

    def test_what_was_taken_away_is_forgotten(self, family: Family) -> None:
        turn = take_turn(MODE)
        gone = self.stored(turn, family, "x")
        assert index_of(turn).similarities({"x": 1})
        gone.delete()
        turn.removal = uuid.uuid4()
        turn.save()
        assert index_of(turn).similarities({"x": 1}) == {}
