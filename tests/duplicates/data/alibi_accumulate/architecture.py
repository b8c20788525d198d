"""A GPT written from the paper, by someone who likes short names and parallel blocks."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Attn(nn.Module):
    def __init__(self, d, nh, drop):
        super().__init__()
        self.nh = nh
        self.qkv = nn.Linear(d, d * 3)
        self.o = nn.Linear(d, d)
        self.drop = drop

    def forward(self, x, bias):
        b, t, d = x.shape
        qkv = self.qkv(x).reshape(b, t, 3, self.nh, d // self.nh)
        q, k, v = qkv.unbind(2)
        q, k, v = (i.transpose(1, 2) for i in (q, k, v))
        w = q @ k.transpose(2, 3) / math.sqrt(d // self.nh)
        w = torch.softmax(w + bias[:, :t, :t], -1)
        w = F.dropout(w, self.drop, self.training)
        return self.o((w @ v).transpose(1, 2).reshape(b, t, d))


class FF(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.i = nn.Linear(d, 4 * d)
        self.o = nn.Linear(4 * d, d)

    def forward(self, x):
        return self.o(F.gelu(self.i(x)))


class Parallel(nn.Module):
    def __init__(self, d, nh, drop):
        super().__init__()
        self.ln = nn.LayerNorm(d)
        self.at = Attn(d, nh, drop)
        self.ff = FF(d)

    def forward(self, x, bias):
        h = self.ln(x)
        return x + self.at(h, bias) + self.ff(h)


class LM(nn.Module):
    def __init__(self, v, t, d=128, nl=4, nh=4, drop=0.0):
        super().__init__()
        self.e = nn.Embedding(v, d)
        self.b = nn.ModuleList([Parallel(d, nh, drop) for _ in range(nl)])
        self.ln = nn.LayerNorm(d)
        self.h = nn.Linear(d, v, bias=False)
        r = torch.arange(t)
        rel = (r[None] - r[:, None]).float()
        m = torch.tensor([2 ** (-8 * (i + 1) / nh) for i in range(nh)]).view(-1, 1, 1)
        bias = (rel * m).masked_fill(rel > 0, -math.inf)
        self.register_buffer("bias", bias, persistent=False)
        self.apply(self.init)

    @staticmethod
    def init(m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.trunc_normal_(m.weight, std=0.02)
        if isinstance(m, nn.Linear) and m.bias is not None:
            nn.init.constant_(m.bias, 0.0)

    def forward(self, x):
        x = self.e(x)
        for b in self.b:
            x = b(x, self.bias)
        return self.h(self.ln(x))


def build_model(ctx):
    return LM(ctx.vocab_size, ctx.sequence_length)
