"""Rotary positions, RMS norm, SwiGLU and grouped key-value heads."""

from dataclasses import dataclass, field
from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import nn


class Shape(NamedTuple):
    heads: int
    kv_heads: int


@dataclass(frozen=True)
class Args:
    dim: int = 128
    layers: int = 4
    shape: Shape = field(default_factory=lambda: Shape(8, 2))
    multiple_of: int = 32
    theta: float = 10000.0
    eps: float = 1e-6


def rotary_table(dim: int, length: int, theta: float) -> torch.Tensor:
    freqs = 1.0 / (theta ** (torch.arange(0, dim, 2)[: dim // 2].float() / dim))
    return torch.polar(torch.ones(length, dim // 2), torch.outer(torch.arange(length), freqs))


def rotate(x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * table[None, : x.shape[1], None]).flatten(3).type_as(x)


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


class Attention(nn.Module):
    def __init__(self, args: Args):
        super().__init__()
        self.args, self.head = args, args.dim // args.shape.heads
        self.wq = nn.Linear(args.dim, args.dim, bias=False)
        self.wk, self.wv = (
            nn.Linear(args.dim, args.shape.kv_heads * self.head, bias=False) for _ in range(2)
        )
        self.wo = nn.Linear(args.dim, args.dim, bias=False)

    def forward(self, x, table, mask: Optional[torch.Tensor] = None):  # noqa: UP045
        b, t, _ = x.shape
        q = rotate(self.wq(x).view(b, t, -1, self.head), table)
        k = rotate(self.wk(x).view(b, t, -1, self.head), table)
        v = self.wv(x).view(b, t, -1, self.head)
        repeats = self.args.shape.heads // self.args.shape.kv_heads
        k, v = (y.repeat_interleave(repeats, dim=2) for y in (k, v))
        q, k, v = (y.transpose(1, 2) for y in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return self.wo(y.transpose(1, 2).reshape(b, t, -1))


class FeedForward(nn.Module):
    def __init__(self, args: Args):
        super().__init__()
        hidden = args.multiple_of * (-(-int(8 * args.dim / 3) // args.multiple_of))
        self.gate, self.up = (nn.Linear(args.dim, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, args.dim, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Llama(nn.Module):
    table: torch.Tensor

    def __init__(self, vocab: int, length: int, args: Args):
        super().__init__()
        self.embed = nn.Embedding(vocab, args.dim)
        self.attention = nn.ModuleList(Attention(args) for _ in range(args.layers))
        self.forwards = nn.ModuleList(FeedForward(args) for _ in range(args.layers))
        self.norms = nn.ModuleList(RMSNorm(args.dim, args.eps) for _ in range(2 * args.layers + 1))
        self.output = nn.Linear(args.dim, vocab, bias=False)
        self.register_buffer(
            "table", rotary_table(args.dim // args.shape.heads, length, args.theta), persistent=False
        )

    def forward(self, tokens):
        x = self.embed(tokens)
        for i in range(len(self.attention)):
            x = x + self.attention[i](self.norms[2 * i](x), self.table)
            x = x + self.forwards[i](self.norms[2 * i + 1](x))
        return self.output(self.norms[-1](x))


def build_model(ctx):
    return Llama(ctx.vocab_size, ctx.max_seq_len, Args())
