"""Long convolutions by FFT with filters that a small network generates."""

import math

import numpy as np
import torch
from torch import fft, nn


def fft_conv(u, k):
    length = u.shape[-1]
    size = 2 ** math.ceil(math.log2(2 * length))
    return fft.irfft(fft.rfft(u, n=size) * fft.rfft(k, n=size), n=size)[..., :length]


class Sine(nn.Module):
    def __init__(self, dim, w=10.0):
        super().__init__()
        self.freq = nn.Parameter(w * torch.ones(1, dim))

    def forward(self, x):
        return torch.sin(self.freq * x)


class Filter(nn.Module):
    def __init__(self, dim, length, bands=3):
        super().__init__()
        t = torch.linspace(0, 1, length)[:, None]
        angles = 2 * np.pi * torch.arange(1, bands + 1)[None] * t
        self.register_buffer("z", torch.cat([t, angles.cos(), angles.sin()], dim=-1))
        self.net = nn.Sequential(
            nn.Linear(2 * bands + 1, 32), Sine(32), nn.Linear(32, 32), Sine(32), nn.Linear(32, dim)
        )
        self.register_buffer("decay", torch.exp(-t * torch.linspace(1, 20, dim)))

    def forward(self, length):
        return (self.net(self.z[:length]) * self.decay[:length]).T


class Hyena(nn.Module):
    def __init__(self, dim, length, order=2):
        super().__init__()
        self.order = order
        self.project = nn.Linear(dim, (order + 1) * dim)
        self.short = nn.Conv1d((order + 1) * dim, (order + 1) * dim, 3, padding=2, groups=(order + 1) * dim)
        self.filters = nn.ModuleList(Filter(dim, length) for _ in range(order))
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        t = x.shape[1]
        *gates, v = self.short(self.project(x).transpose(1, 2))[..., :t].chunk(self.order + 1, dim=1)
        for gate, kernel in zip(gates, self.filters, strict=True):
            v = gate * fft_conv(v, kernel(t))
        return self.out(v.transpose(1, 2))


def build_model(ctx):
    dim = 64
    return nn.Sequential(
        nn.Embedding(ctx.vocab_size, dim),
        Hyena(dim, ctx.sequence_length),
        nn.LayerNorm(dim),
        nn.Linear(dim, ctx.vocab_size),
    )
