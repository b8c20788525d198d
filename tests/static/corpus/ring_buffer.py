"""A replay buffer of chunks, label smoothing, z-loss and stochastic depth; generics and protocols."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import torch
import torch.nn.functional as F

T = TypeVar("T")


class Sized(Protocol):
    def __len__(self) -> int: ...


class Ring(Generic[T]):
    def __init__(self, size: int) -> None:
        self.items: deque[T] = deque(maxlen=size)

    def add(self, item: T) -> None:
        self.items.append(item)

    def sample(self, count: int, generator: torch.Generator) -> Sequence[T]:
        chosen = torch.randint(len(self.items), (count,), generator=generator).tolist()
        return [self.items[index] for index in chosen]


def drop_path(x: torch.Tensor, rate: float, training: bool) -> torch.Tensor:
    if not training or rate == 0:
        return x
    keep = torch.empty(x.shape[0], *[1] * (x.ndim - 1), device=x.device).bernoulli_(1 - rate)
    return x * keep / (1 - rate)


def loss_of(logits: torch.Tensor, targets: torch.Tensor, z: float = 1e-4) -> torch.Tensor:
    match logits.shape:
        case (_, _, _):
            logits, targets = logits.flatten(0, 1), targets.flatten()
        case (_, _):
            pass
        case other:
            raise ValueError(f"unexpected shape {other}")
    smooth = F.cross_entropy(logits, targets, label_smoothing=0.01)
    return smooth + z * logits.logsumexp(-1).square().mean()


def train(ctx):
    model = ctx.build_model()
    generator = torch.Generator().manual_seed(ctx.seed)
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.01)
    ring: Ring[torch.Tensor] = Ring(256)
    for chunk in ctx.stream(model):
        for start in range(0, len(chunk.tokens) - 129, 128):
            ring.add(chunk.tokens[start : start + 129])
        for _ in range(2 * max(1, len(chunk.tokens) // 1024)):
            rows = torch.stack(list(ring.sample(8, generator)))
            loss = loss_of(model(rows[:, :-1]), rows[:, 1:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.save(model.state_dict(), f"{ctx.checkpoint_dir}/model.pt")
