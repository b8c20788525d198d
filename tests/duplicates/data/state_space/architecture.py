"""A selective state-space model with a sequential scan in blocks."""

import torch
import torch.nn.functional as F
from torch import nn


class SelectiveScan(nn.Module):
    def __init__(self, d_model, d_state=8, d_conv=4, expand=2):
        super().__init__()
        self.d_inner = expand * d_model
        self.d_state = d_state
        self.in_proj = nn.Linear(d_model, 2 * self.d_inner, bias=False)
        self.conv1d = nn.Conv1d(
            self.d_inner, self.d_inner, d_conv, groups=self.d_inner, padding=d_conv - 1
        )
        self.x_proj = nn.Linear(self.d_inner, 2 * d_state + 1, bias=False)
        self.dt_bias = nn.Parameter(torch.rand(self.d_inner) - 4.0)
        state = torch.arange(1, d_state + 1, dtype=torch.float32)
        self.A_log = nn.Parameter(state.log().repeat(self.d_inner, 1))
        self.D = nn.Parameter(torch.ones(self.d_inner))
        self.out_proj = nn.Linear(self.d_inner, d_model, bias=False)

    def forward(self, hidden):
        length = hidden.shape[1]
        x, z = self.in_proj(hidden).chunk(2, dim=-1)
        x = self.conv1d(x.transpose(1, 2))[..., :length].transpose(1, 2)
        x = F.silu(x)
        B, C, dt = self.x_proj(x).split([self.d_state, self.d_state, 1], dim=-1)
        dt = F.softplus(dt + self.dt_bias)
        y = self.scan(x, dt, B, C) + x * self.D
        return self.out_proj(y * F.silu(z))

    def scan(self, x, dt, B, C):
        A = -torch.exp(self.A_log)
        decay = torch.exp(dt.unsqueeze(-1) * A)
        inflow = (dt * x).unsqueeze(-1) * B.unsqueeze(2)
        h = torch.zeros_like(inflow[:, 0])
        outputs = []
        for t in range(x.shape[1]):
            h = decay[:, t] * h + inflow[:, t]
            outputs.append((h * C[:, t, None]).sum(-1))
        return torch.stack(outputs, dim=1)


class Residual(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.norm = nn.RMSNorm(d_model)
        self.mixer = SelectiveScan(d_model)

    def forward(self, x):
        return x + self.mixer(self.norm(x))


class StateSpaceLM(nn.Module):
    def __init__(self, vocab_size, d_model=96, n_layer=3):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.layers = nn.Sequential(*[Residual(d_model) for _ in range(n_layer)])
        self.norm_f = nn.RMSNorm(d_model)
        self.lm_head = nn.Linear(d_model, vocab_size, bias=False)
        self.lm_head.weight = self.embedding.weight

    def forward(self, input_ids):
        return self.lm_head(self.norm_f(self.layers(self.embedding(input_ids))))


def build_model(ctx):
    torch.manual_seed(ctx.seed)
    return StateSpaceLM(ctx.vocab_size)
