"""What the challenge's loop keeps without hooks: optimizers come back to the bit, random states as well."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from evaluations.runner import randomness
from evaluations.runner.batches import NotEnoughText, rows
from evaluations.runner.context import PrismBatch, PrismChunk, PrismResumption
from evaluations.runner.hooks import Hooks
from evaluations.runner.loop_checkpoint import LoopCheckpoint, numbers_and_tensors


@dataclass
class Ctx:
    checkpoint_dir: str
    checkpoint_bytes: int = 1 << 20
    rank: int = 0
    called: list[str] = field(default_factory=list)


def stepped(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for step in range(steps):
        optimizer.zero_grad()
        model(torch.full((2, 4), 0.1 * (step + 1))).square().sum().backward()
        optimizer.step()


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def again(weights: nn.Module) -> PrismResumption:
    """The referee's side: the committed weights."""
    state = {name: value.clone() for name, value in weights.state_dict().items()}
    return PrismResumption(1, 1, 1, torch.zeros(1), lambda model: model.load_state_dict(state) and None)


OPTIMIZERS = {
    "AdamW": lambda found: torch.optim.AdamW(found.parameters(), lr=0.1, betas=(0.9, 0.95)),
    "SGD": lambda found: torch.optim.SGD(found.parameters(), lr=0.1, momentum=0.9),
    "plain SGD": lambda found: torch.optim.SGD(found.parameters(), lr=0.1),
    "Adagrad": lambda found: torch.optim.Adagrad(found.parameters(), lr=0.1),
    "two groups": lambda found: torch.optim.Adam([{"params": [p], "lr": 0.1} for p in found.parameters()]),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_goes_on_to_the_bit(tmp_path: Path, make: Any) -> None:
    one, other = model(), model()
    first, second = make(one), make(other)
    stepped(one, first, 3)
    assert LoopCheckpoint(one, first, Ctx(str(tmp_path)), Hooks([])).save()  # type: ignore[arg-type]
    LoopCheckpoint(other, second, Ctx(str(tmp_path)), Hooks([])).load(again(one))  # type: ignore[arg-type]
    for found, optimizer in ((one, first), (other, second)):
        stepped(found, optimizer, 3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_what_is_too_large_or_no_optimizer_of_torch_is_not_kept(tmp_path: Path) -> None:
    found = model()
    optimizer = torch.optim.Adam(found.parameters())
    stepped(found, optimizer, 1)
    small = Ctx(str(tmp_path), checkpoint_bytes=100)
    assert not LoopCheckpoint(found, optimizer, small, Hooks([])).save()  # type: ignore[arg-type]
    assert not LoopCheckpoint(found, object(), Ctx(str(tmp_path)), Hooks([])).save()  # type: ignore[arg-type]
    optimizer.param_groups[0]["lr"] = torch.tensor(0.1)
    assert numbers_and_tensors(optimizer) is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_fails_nobody(tmp_path: Path) -> None:
    found = model()
    optimizer = torch.optim.Adam(found.parameters())
    stepped(found, optimizer, 1)
    absent = Ctx(str(tmp_path / "absent"))
    assert not LoopCheckpoint(found, optimizer, absent, Hooks([])).save()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "kept"), [(["save"], False), (["load"], False), (["save", "load"], True)], ids=str
)
def test_it_takes_both_hooks_to_bring_a_run_back(tmp_path: Path, names: list[str], kept: bool) -> None:
    ctx = Ctx(str(tmp_path))
    module: Any = type("Module", (), {})
    for name in names:
        setattr(module, f"{name}_checkpoint", staticmethod(lambda *_, name=name: ctx.called.append(name)))
    found = model()
    checkpoint = LoopCheckpoint(found, torch.optim.Adam(found.parameters()), ctx, Hooks([module]))  # type: ignore[arg-type]
    assert checkpoint.save() is kept
    assert ctx.called == (["save"] if "save" in names else [])
    assert list(tmp_path.iterdir()) == []


def test_random_states_are_taken_up(tmp_path: Path) -> None:
    def drawn() -> list[Any]:
        return [random.random(), np.random.rand(), np.random.standard_normal(), torch.rand(3).tolist()]

    np.random.standard_normal()  # a second normal number waits in the generator
    randomness.keep(tmp_path / "state")
    first = drawn()
    drawn()
    randomness.take_up(tmp_path / "state")
    assert drawn() == first


@pytest.mark.parametrize(("batch_size", "seq_len"), [(1, 2), (2, 8), (3, 17), (8, 64)])
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_rows_go_on_where_they_stood(cut: int, batch_size: int, seq_len: int) -> None:
    chunks = [PrismChunk(torch.randint(256, (50 + 7 * n,)), n, 1, n + 1) for n in range(5)]

    def batches(first: int, resumed: PrismResumption | None = None) -> list[PrismBatch]:
        return list(rows(iter(chunks[first:]), batch_size, seq_len, resumed))

    shown = torch.cat([chunk.tokens for chunk in chunks[:cut]])
    before = len([b for b in batches(0) if b.metadata and b.metadata["stream_bytes"] <= cut])
    ended = len(list(rows(iter(chunks[:cut]), batch_size, seq_len))) - before
    resumed = PrismResumption(cut, cut, len(shown), shown, lambda model: None)
    rest = batches(0)[before:]
    found = batches(cut, resumed)
    assert ended >= 0
    assert len(found) == len(rest)
    for one, other in zip(found, rest, strict=True):
        assert torch.equal(one.tokens, other.tokens)


def test_rows_longer_than_what_is_shown_again_are_refused() -> None:
    resumed = PrismResumption(1, 1, 500, torch.zeros(10, dtype=torch.int64), lambda model: None)
    with pytest.raises(NotEnoughText) as error:
        list(rows(iter([]), 8, 64, resumed))
    assert error.value.code == "stream_misused"
