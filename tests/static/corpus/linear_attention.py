"""Causal linear attention in chunks, written with einsum and a custom autograd function."""

import torch
import torch.nn.functional as F
from torch import nn


class ClampedExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        y = x.clamp(max=limit).exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad * y, None


def features(x):
    return torch.cat([ClampedExp.apply(x, 8.0), ClampedExp.apply(-x, 8.0)], dim=-1)


def chunked(q, k, v, size=32):
    t = q.shape[2]
    pad = -t % size
    q, k, v = (F.pad(y, (0, 0, 0, pad)).unflatten(2, (-1, size)) for y in (q, k, v))
    kv = torch.einsum("bhncd,bhnce->bhnde", k, v)
    before = kv.cumsum(2) - kv
    scores = torch.einsum("bhncd,bhnmd->bhncm", q, k).tril()
    out = torch.einsum("bhncm,bhnme->bhnce", scores, v) + torch.einsum("bhncd,bhnde->bhnce", q, before)
    total = k.sum(3).cumsum(2) - k.sum(3)
    norm = scores.sum(-1, keepdim=True) + torch.einsum("bhncd,bhnd->bhnc", q, total).unsqueeze(-1)
    return (out / norm.clamp_min(1e-6)).flatten(2, 3)[:, :, :t]


class LinearAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.to_qkv, self.to_out = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)

    def forward(self, x):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.to_qkv(x).chunk(3, -1))
        return self.to_out(chunked(features(q), features(k), v).transpose(1, 2).flatten(2))


class Stack(nn.Sequential):
    def __init__(self, vocab, dim=64):
        super().__init__(nn.Embedding(vocab, dim), LinearAttention(dim, 4), nn.GELU(), nn.Linear(dim, vocab))


def build_model(ctx):
    return Stack(ctx.vocab_size)
