"""Small language models, each written in a way that a pair of the tests needs."""

# Names, statements and sizes differ from place to place on purpose.

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Sizes:
    width: int = 32
    heads: int = 4
    layers: int = 2
    vocabulary: int = 256
    positions: int = 64
    expansion: int = 4


class Attention(nn.Module):
    """One projection for queries, keys and values, torch's attention."""

    def __init__(self, sizes: Sizes, bias: bool = False) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.qkv = nn.Linear(sizes.width, 3 * sizes.width, bias=bias)
        self.out = nn.Linear(sizes.width, sizes.width, bias=bias)

    def forward(self, x: Tensor) -> Any:
        batch, time, width = x.shape
        parts = self.qkv(x).view(batch, time, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, time, width))


class Apart(nn.Module):
    """A projection each for queries, keys and values."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.q, self.k, self.v, self.out = (nn.Linear(sizes.width, sizes.width) for _ in range(4))

    def forward(self, x: Tensor) -> Any:
        q, k, v = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v)
        )
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class ByHand(Attention):
    """The same numbers, every step written out."""

    def forward(self, x: Tensor) -> Any:
        b, t, c = x.size()
        q, k, v = (
            part.reshape(b, t, self.heads, c // self.heads).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        scores = (q @ k.transpose(-2, -1)) / (c // self.heads) ** 0.5
        hidden = torch.ones(t, t, dtype=torch.bool, device=x.device).triu(1)
        weights = scores.masked_fill(hidden, float("-inf")).softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).contiguous().view(b, t, c))


class SharedKeys(Attention):
    """Keys serve as values, too."""

    def forward(self, x: Tensor) -> Any:
        batch, time, width = x.shape
        parts = self.qkv(x).view(batch, time, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(parts[0], parts[1], parts[1], is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, time, width))


class Head(nn.Module):
    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(width, size, bias=False) for _ in range(3))

    def forward(self, x: Tensor) -> Any:
        return F.scaled_dot_product_attention(self.q(x), self.k(x), self.v(x), is_causal=True)


class Heads(nn.Module):
    """A module per head, concatenated."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        size = sizes.width // sizes.heads
        self.heads = nn.ModuleList(Head(sizes.width, size) for _ in range(sizes.heads))
        self.out = nn.Linear(sizes.width, sizes.width)

    def forward(self, x: Tensor) -> Any:
        return self.out(torch.cat([head(x) for head in self.heads], dim=-1))


class Experts(nn.Module):
    """A soft mixture."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.router = nn.Linear(width, count)
        self.experts = nn.ModuleList(nn.Linear(width, width) for _ in range(count))

    def forward(self, x: Tensor) -> Any:
        shares = self.router(x).softmax(-1)
        found = x.new_zeros(())
        for at, expert in enumerate(self.experts):
            found = found + shares[..., at : at + 1] * F.gelu(expert(x))
        return found


class HandMadeNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Any:
        return self.scale * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Feed(nn.Module):
    def __init__(self, sizes: Sizes, activation: Callable[[Tensor], Tensor] = F.gelu) -> None:
        super().__init__()
        self.up = nn.Linear(sizes.width, sizes.expansion * sizes.width)
        self.down = nn.Linear(sizes.expansion * sizes.width, sizes.width)
        self.activation = activation

    def forward(self, x: Tensor) -> Any:
        return self.down(self.activation(self.up(x)))


class Gated(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.gate, self.up, self.down = (nn.Linear(sizes.width, sizes.width) for _ in range(3))

    def forward(self, x: Tensor) -> Any:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class GatedInOne(nn.Module):
    """SiLU written out, the product the other way round."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(sizes.width, sizes.width, bias=False) for _ in range(3))

    def forward(self, h: Tensor) -> Any:
        gate = self.a(h)
        value = self.b(h)
        return self.c(value * (gate * torch.sigmoid(gate)))


class Conv(nn.Module):
    def __init__(self, sizes: Sizes, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(sizes.width, sizes.width, 3, groups=groups)

    def forward(self, x: Tensor) -> Any:
        return self.conv(F.pad(x.transpose(1, 2), (2, 0))).transpose(1, 2)


class Recurrence(nn.Module):
    """A loop over time, written out."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.into = nn.Linear(sizes.width, sizes.width)
        self.back = nn.Linear(sizes.width, sizes.width)

    def forward(self, x: Tensor) -> Any:
        state, found = torch.zeros_like(x[:, 0]), []
        for at in range(x.shape[1]):
            state = torch.tanh(self.into(x[:, at]) + self.back(state))
            found.append(state)
        return torch.stack(found, dim=1)


def _layer_norm(width: int) -> nn.Module:
    return nn.LayerNorm(width)


@dataclass(frozen=True)
class Style:
    """What a block is made of, and in which order."""

    mixer: Callable[[Sizes], nn.Module] = Attention
    feed: Callable[[Sizes], nn.Module] = Feed
    norm: Callable[[int], nn.Module] = _layer_norm
    order: str = "pre"  # pre, post, parallel, sandwich, turned, bare, plain
    positions: str = "learned"  # learned, sliced, none
    head: str = "untied"
    shared: bool = False  # one block, again and again


class Block(nn.Module):
    def __init__(self, sizes: Sizes, style: Style) -> None:
        super().__init__()
        self.mixer, self.feed, self.order = style.mixer(sizes), style.feed(sizes), style.order
        self.first, self.second, self.third = (style.norm(sizes.width) for _ in range(3))

    def forward(self, x: Tensor) -> Any:
        match self.order:
            case "pre":
                x = x + self.mixer(self.first(x))
                return x + self.feed(self.second(x))
            case "post":
                x = self.first(x + self.mixer(x))
                return self.second(x + self.feed(x))
            case "parallel":
                h = self.first(x)
                return x + self.mixer(h) + self.feed(h)
            case "sandwich":
                x = x + self.third(self.mixer(self.first(x)))
                return x + self.feed(self.second(x))
            case "turned":
                x = x + self.feed(self.first(x))
                return x + self.mixer(self.second(x))
            case "bare":
                x = x + self.mixer(self.first(x))
                return self.feed(self.second(x))
        x = x + self.mixer(x)
        return x + self.feed(x)


class Model(nn.Module):
    def __init__(self, sizes: Sizes, style: Style) -> None:
        super().__init__()
        self.embed = nn.Embedding(sizes.vocabulary, sizes.width)
        self.where = nn.Embedding(sizes.positions, sizes.width) if style.positions == "learned" else None
        self.table = nn.Parameter(torch.zeros(sizes.positions, sizes.width))
        self.style = style
        self.blocks = nn.ModuleList(Block(sizes, style) for _ in range(sizes.layers))
        self.norm = style.norm(sizes.width)
        self.head = nn.Linear(sizes.width, sizes.vocabulary, bias=False)
        self.deep = nn.Linear(sizes.width, sizes.width) if style.head == "deep" else nn.Identity()
        if style.head == "tied":
            self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Any:
        x = self.embed(tokens)
        if self.where is not None:
            x = x + self.where(torch.arange(tokens.shape[1], device=tokens.device))
        elif self.style.positions == "sliced":
            x = x + self.table[: tokens.shape[1]]
        for block in self.blocks:
            x = (self.blocks[0] if self.style.shared else block)(x)
        return self.head(self.deep(self.norm(x)))


def transformer(sizes: Sizes | None = None, **style: Any) -> nn.Module:
    """A model of blocks."""
    return Model(sizes or Sizes(), Style(**style))


class OtherWords(nn.Module):
    """The pre-norm transformer of this file by another author, as functions over a list of parameters."""

    def __init__(self, size: int = 48, count: int = 2) -> None:
        super().__init__()
        self.letters = nn.Parameter(torch.randn(200, size))
        self.places = nn.Parameter(torch.zeros(100, size))
        self.parts = nn.ModuleDict()
        for n in range(count):
            for what, shape in {"q": 1, "o": 1, "a": 3}.items():
                out = 3 * size if what == "q" else shape * size
                self.parts[f"{what}{n}"] = nn.Linear(size, out)
            self.parts[f"z{n}"] = nn.Linear(3 * size, size)
        self.size, self.count = size, count
        self.last = nn.Linear(size, 200)

    def forward(self, ids: Tensor) -> Any:
        h = self.places[: ids.shape[-1]][None] + F.embedding(ids, self.letters)
        for n in range(self.count):
            h = self._look(n, F.layer_norm(h, (self.size,))) + h
            inner = F.layer_norm(h, (self.size,))
            h = self.parts[f"z{n}"](F.gelu(self.parts[f"a{n}"](inner), approximate="tanh")) + h
        return self.last(F.layer_norm(h, (self.size,))), None

    def _look(self, n: int, h: Tensor) -> Any:
        q, k, v = torch.split(self.parts[f"q{n}"](h), self.size, dim=2)
        q, k, v = [part.view(*part.shape[:-1], 2, -1).movedim(2, 1) for part in (q, k, v)]
        return self.parts[f"o{n}"](
            F.scaled_dot_product_attention(q, k, v, is_causal=True).movedim(1, 2).flatten(2)
        )


class Stacked(nn.Module):
    """A recurrent network of torch."""

    def __init__(
        self, kind: Callable[..., nn.RNNBase], width: int = 32, layers: int = 1, apart: bool = False
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(256, width)
        counts = [1] * layers if apart else [layers]
        self.stack = nn.ModuleList(kind(width, width, num_layers=count, batch_first=True) for count in counts)
        self.head = nn.Linear(width, 256)

    def forward(self, tokens: Tensor) -> Any:
        x = self.embed(tokens)
        for one in self.stack:
            x, _ = one(x)
        return self.head(x)


class DependsOnNumbers(nn.Module):
    """What is computed depends on the text: no trace holds for all of it."""

    def __init__(self, width: int = 16, layers: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(256, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.head = nn.Linear(width, 256)

    def forward(self, tokens: Tensor) -> Any:
        x = self.embed(tokens)
        if x.sum().item() > 0:
            x = -x
        for layer in self.layers:
            x = layer(x)
        return self.head(x)
