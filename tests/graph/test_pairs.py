"""Pairs of models that are of one kind, and pairs that are not."""

from collections.abc import Callable
from functools import cache, partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from evaluations.runner.graph.graph import EXPORT, Graph
from evaluations.runner.graph.hashing import graph_hash, histogram, similarity
from evaluations.runner.graph.read import traced
from evaluations.runner.recipe import logits_of
from tests.graph import models
from tests.graph.models import Sizes, Stacked, transformer

Make = Callable[[], nn.Module]
BASE = transformer


@cache
def graph_of(make: Make) -> Graph:
    torch.manual_seed(0)
    return traced(make(), logits_of)


def hash_of(make: Make) -> str:
    return graph_hash(graph_of(make), EXPORT)


def sized(**sizes: int) -> Make:
    return partial(transformer, Sizes(**sizes))


def styled(**style: object) -> Make:
    return partial(transformer, **style)  # type: ignore[arg-type]


def squared_relu(x: torch.Tensor) -> torch.Tensor:
    return F.relu(x).square()


RELU = styled(feed=partial(models.Feed, activation=F.relu))
RMS = styled(norm=nn.RMSNorm)
GATED = styled(feed=models.Gated)
HEADS = styled(mixer=models.Heads)
GRU = partial(Stacked, nn.GRU)

SAME: dict[str, tuple[Make, Make]] = {
    "another author": (BASE, models.OtherWords),
    "width": (BASE, sized(width=48)),
    "depth": (BASE, sized(layers=4)),
    "a single block": (BASE, sized(layers=1)),
    "heads": (BASE, sized(heads=2)),
    "one head": (BASE, sized(heads=1)),
    "vocabulary": (BASE, sized(vocabulary=1_000)),
    "positions": (BASE, sized(positions=200)),
    "expansion": (BASE, sized(expansion=2)),
    "everything larger": (BASE, sized(width=64, heads=8, layers=3, vocabulary=999, positions=128)),
    "bias or none": (BASE, styled(mixer=partial(models.Attention, bias=True))),
    "a projection each": (BASE, styled(mixer=models.Apart)),
    "attention by hand": (BASE, styled(mixer=models.ByHand)),
    "positions sliced from a parameter": (BASE, styled(positions="sliced")),
    "an RMS norm by hand": (RMS, styled(norm=models.HandMadeNorm)),
    "a gate written out": (GATED, styled(feed=models.GatedInOne)),
    "one module per head": (HEADS, partial(transformer, Sizes(heads=2), mixer=models.Heads)),
    "experts": (
        styled(feed=lambda sizes: models.Experts(sizes.width, 3)),
        styled(feed=lambda sizes: models.Experts(sizes.width, 5)),
    ),
    "layers of a recurrent network": (partial(GRU, layers=2), partial(GRU, width=48, layers=3, apart=True)),
    "a loop over time, more layers": (
        partial(transformer, Sizes(layers=1), mixer=models.Recurrence),
        partial(transformer, Sizes(layers=2), mixer=models.Recurrence),
    ),
    "a deeper convolution": (
        styled(mixer=models.Conv),
        partial(transformer, Sizes(layers=3, width=40), mixer=models.Conv),
    ),
    "a deeper tied model": (styled(head="tied"), partial(transformer, Sizes(layers=4), head="tied")),
}

OTHER: dict[str, tuple[Make, Make]] = {
    "post-norm": (BASE, styled(order="post")),
    "parallel halves": (BASE, styled(order="parallel")),
    "one norm more": (BASE, styled(order="sandwich")),
    "no norms in the blocks": (BASE, styled(order="plain")),
    "one matrix more before the head": (BASE, styled(head="deep")),
    "a residual connection less": (BASE, styled(order="bare")),
    "RMS norm for layer norm": (BASE, RMS),
    "another activation": (BASE, RELU),
    "the activation squared": (RELU, styled(feed=partial(models.Feed, activation=squared_relu))),
    "a gated feed-forward": (BASE, GATED),
    "keys as values": (BASE, styled(mixer=models.SharedKeys)),
    "a convolution for attention": (BASE, styled(mixer=models.Conv)),
    "a depthwise convolution": (
        styled(mixer=models.Conv),
        styled(mixer=lambda sizes: models.Conv(sizes, groups=sizes.width)),
    ),
    "a recurrence for attention": (BASE, styled(mixer=models.Recurrence)),
    "experts for a feed-forward": (BASE, styled(feed=lambda sizes: models.Experts(sizes.width, 3))),
    "a tied head": (BASE, styled(head="tied")),
    "one block again and again": (BASE, styled(shared=True)),
    "no positions": (BASE, styled(positions="none")),
    "blocks turned round": (BASE, styled(order="turned")),
    "LSTM for GRU": (GRU, partial(Stacked, nn.LSTM)),
    "GRU for a transformer": (BASE, GRU),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_only_written_or_sized_otherwise_keeps_its_hash(name: str) -> None:
    one, other = SAME[name]
    assert hash_of(one) == hash_of(other)
    assert similarity(histogram(graph_of(one)), histogram(graph_of(other))) == pytest.approx(1.0)


@pytest.mark.parametrize("name", OTHER)
def test_another_operator_or_connection_gives_another_hash(name: str) -> None:
    one, other = OTHER[name]
    assert hash_of(one) != hash_of(other)
    assert similarity(histogram(graph_of(one)), histogram(graph_of(other))) < 1


def test_a_small_change_is_nearer_than_another_kind() -> None:
    base, small, large = (histogram(graph_of(make)) for make in (BASE, RELU, GRU))
    assert similarity(base, small) > 0.6 > similarity(base, large)
