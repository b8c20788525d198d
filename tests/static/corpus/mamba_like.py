"""A selective state space model with a parallel scan in plain torch, and an optional fast kernel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

try:
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
except ImportError:
    selective_scan_fn = None

if TYPE_CHECKING:
    from collections.abc import Callable


def scan(a: Tensor, b: Tensor) -> Tensor:
    """h_t = a_t h_{t-1} + b_t along dimension 1, in log2(T) doublings."""
    step, length = 1, a.shape[1]
    while step < length:
        b = torch.cat([b[:, :step], b[:, step:] + a[:, step:] * b[:, :-step]], dim=1)
        a = torch.cat([a[:, :step], a[:, step:] * a[:, :-step]], dim=1)
        step *= 2
    return b


class SelectiveSSM(nn.Module):
    def __init__(self, width: int, states: int = 16, expand: int = 2, conv: int = 4) -> None:
        super().__init__()
        inner = expand * width
        self.rank = math.ceil(width / 16)
        self.states = states
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, conv, groups=inner, padding=conv - 1)
        self.x_proj = nn.Linear(inner, self.rank + 2 * states, bias=False)
        self.dt_proj = nn.Linear(self.rank, inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, states + 1).float().repeat(inner, 1)))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)
        with torch.no_grad():
            dt = torch.exp(torch.rand(inner) * (math.log(0.1) - math.log(1e-3)) + math.log(1e-3))
            self.dt_proj.bias.copy_(dt + torch.log(-torch.expm1(-dt)))

    def forward(self, x: Tensor) -> Tensor:
        T = x.shape[1]
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        x = F.silu(self.conv(x.transpose(1, 2))[..., :T].transpose(1, 2))
        dt, B, C = self.x_proj(x).split([self.rank, self.states, self.states], dim=-1)
        dt = F.softplus(self.dt_proj(dt))
        A = -torch.exp(self.A_log)
        decay = torch.exp(dt.unsqueeze(-1) * A)
        drive = (dt * x).unsqueeze(-1) * B.unsqueeze(2)
        y = torch.einsum("btds,bts->btd", scan(decay, drive), C)
        return self.out_proj((y + self.D * x) * F.silu(gate))


class Mamba(nn.Module):
    def __init__(
        self, vocab: int, width: int = 96, depth: int = 3, norm: Callable[[int], nn.Module] = nn.RMSNorm
    ):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.mixers = nn.ModuleList(SelectiveSSM(width) for _ in range(depth))
        self.norms = nn.ModuleList(norm(width) for _ in range(depth + 1))

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for norm, mixer in zip(self.norms, self.mixers, strict=False):
            x = x + mixer(norm(x))
        return F.linear(self.norms[-1](x), self.embed.weight)


def build_model(ctx):
    return Mamba(ctx.vocab_size)
