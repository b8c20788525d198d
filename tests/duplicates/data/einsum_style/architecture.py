"""Attention by einsum over parameter tensors, ALiBi slopes, squared ReLU."""

import torch
from torch import einsum, nn


def slopes_for(heads):
    start = 2.0 ** (-8.0 / heads)
    return torch.tensor([start ** (i + 1) for i in range(heads)])


class MultiHead(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        size = width // heads
        spread = width**-0.5
        self.to_q = nn.Parameter(torch.randn(heads, width, size) * spread)
        self.to_k = nn.Parameter(torch.randn(heads, width, size) * spread)
        self.to_v = nn.Parameter(torch.randn(heads, width, size) * spread)
        self.to_out = nn.Parameter(torch.zeros(heads, size, width))
        self.temperature = nn.Parameter(torch.full((heads, 1, 1), size**-0.5))
        self.register_buffer("slopes", slopes_for(heads), persistent=False)

    def biases(self, n, device):
        where = torch.arange(n, device=device)
        distance = where[None, :] - where[:, None]
        ahead = torch.where(distance > 0, float("-inf"), 0.0)
        return self.slopes[:, None, None] * distance.clamp(max=0) + ahead

    def forward(self, x):
        q = einsum("bnd,hde->bhne", x, self.to_q)
        k = einsum("bnd,hde->bhne", x, self.to_k)
        v = einsum("bnd,hde->bhne", x, self.to_v)
        sim = einsum("bhie,bhje->bhij", q, k) * self.temperature
        weights = (sim + self.biases(x.shape[1], x.device)).softmax(dim=-1)
        mixed = einsum("bhij,bhje->bhie", weights, v)
        return einsum("bhne,hed->bnd", mixed, self.to_out)


class SquaredReLU(nn.Module):
    def forward(self, x):
        return x.relu().square()


def feed_forward(width, expansion=3):
    inner = nn.Linear(width, expansion * width)
    outer = nn.Linear(expansion * width, width)
    nn.init.zeros_(outer.weight)
    return nn.Sequential(nn.LayerNorm(width), inner, SquaredReLU(), outer)


class Stack(nn.Module):
    def __init__(self, symbols, width=144, depth=5, heads=6):
        super().__init__()
        self.table = nn.Parameter(torch.randn(symbols, width) * 0.02)
        self.pre = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.mix = nn.ModuleList(MultiHead(width, heads) for _ in range(depth))
        self.think = nn.ModuleList(feed_forward(width) for _ in range(depth))
        self.final = nn.LayerNorm(width)

    def forward(self, ids):
        stream = self.table[ids]
        for norm, attend, mlp in zip(self.pre, self.mix, self.think):
            stream = stream + attend(norm(stream))
            stream = stream + mlp(stream)
        return self.final(stream) @ self.table.T


def build_model(ctx):
    return Stack(ctx.vocab_size)
