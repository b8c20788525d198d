"""One block applied several times with adaptive halting; parametrised initialisation; einops if present."""

import abc
import math
from collections.abc import Iterable, Iterator

import torch
from torch import nn

try:
    from einops import rearrange
except ModuleNotFoundError:
    rearrange = None


def heads_first(x, heads):
    if rearrange is not None:
        return rearrange(x, "b t (h d) -> b h t d", h=heads)
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class Initialiser(abc.ABC):
    @abc.abstractmethod
    def __call__(self, weight: torch.Tensor) -> None: ...


class Scaled(Initialiser):
    def __init__(self, gain: float) -> None:
        self.gain = gain

    def __call__(self, weight: torch.Tensor) -> None:
        nn.init.trunc_normal_(weight, std=self.gain / math.sqrt(weight.shape[-1]), a=-2.0, b=2.0)


def matrices(modules: Iterable[nn.Module]) -> Iterator[torch.Tensor]:
    for module in modules:
        yield from (p for p in module.parameters(recurse=False) if p.ndim == 2)


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        q, k, v = (heads_first(y, self.heads) for y in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class Universal(nn.Module):
    def __init__(self, vocab, length, dim=128, heads=4, rounds=6, threshold=0.99):
        super().__init__()
        self.embed, self.position = nn.Embedding(vocab, dim), nn.Embedding(length, dim)
        self.round = nn.Embedding(rounds, dim)
        self.block, self.halt = Block(dim, heads), nn.Linear(dim, 1)
        self.rounds, self.threshold = rounds, threshold
        for weight in matrices(self.modules()):
            Scaled(0.8)(weight)

    def forward(self, tokens):
        x = self.embed(tokens) + self.position.weight[: tokens.shape[1]]
        left = x.new_ones(x.shape[:-1])
        out = torch.zeros_like(x)
        for index in range(self.rounds):
            x = self.block(x + self.round.weight[index])
            p = torch.sigmoid(self.halt(x)).squeeze(-1)
            p = left if index == self.rounds - 1 else torch.minimum(p, left)
            out = out + p.unsqueeze(-1) * x
            left = left - p
        return out @ self.embed.weight.T


def build_model(ctx):
    return Universal(ctx.vocab_size, ctx.sequence_length)
