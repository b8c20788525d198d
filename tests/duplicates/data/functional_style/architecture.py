"""One module that owns every tensor; the layers are plain functions."""

import math

import torch
import torch.nn.functional as F
from torch import nn

D, H, L, M = 128, 8, 4, 512


def rope_tables(length, size):
    inv = torch.exp(-math.log(10000.0) * torch.arange(0, size, 2) / size)
    phase = torch.arange(length).unsqueeze(1) * inv
    return phase.sin(), phase.cos()


def rotate(t, sin, cos):
    even, odd = t[..., ::2], t[..., 1::2]
    return torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1).flatten(-2)


def attention(p, x, sin, cos):
    n = x.size(-2)
    qkv = F.linear(x, p["qkv"])
    q, k, v = (t.unflatten(-1, (H, D // H)).transpose(-2, -3) for t in qkv.tensor_split(3, -1))
    q = rotate(F.normalize(q, dim=-1), sin[:n], cos[:n])
    k = rotate(F.normalize(k, dim=-1), sin[:n], cos[:n])
    o = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=math.sqrt(D // H))
    return F.linear(o.transpose(-2, -3).flatten(-2), p["proj"])


def mlp(p, x):
    gate, value = F.linear(x, p["up"]).chunk(2, dim=-1)
    return F.linear(F.gelu(gate, approximate="tanh") * value, p["down"])


def norm(x):
    return F.rms_norm(x, (x.size(-1),))


def layer(p, x, sin, cos):
    x = x + p["a"] * attention(p, norm(x), sin, cos)
    return x + p["m"] * mlp(p, norm(x))


class Net(nn.Module):
    def __init__(self, vocabulary, length):
        super().__init__()
        shapes = {"qkv": (3 * D, D), "proj": (D, D), "up": (2 * M, D), "down": (D, M)}
        self.stack = nn.ModuleList()
        for _ in range(L):
            tensors = nn.ParameterDict()
            for key, shape in shapes.items():
                tensors[key] = nn.Parameter(torch.empty(shape).uniform_(-1, 1) / math.sqrt(shape[1]))
            tensors["a"] = nn.Parameter(torch.full((D,), 0.5))
            tensors["m"] = nn.Parameter(torch.full((D,), 0.5))
            self.stack.append(tensors)
        self.wte = nn.Parameter(torch.randn(vocabulary, D) / 50)
        self.head = nn.Parameter(torch.zeros(vocabulary, D))
        sin, cos = rope_tables(length, D // H)
        self.register_buffer("sin", sin)
        self.register_buffer("cos", cos)

    def forward(self, tokens):
        x = norm(F.embedding(tokens, self.wte))
        for p in self.stack:
            x = layer(p, x, self.sin, self.cos)
        logits = F.linear(norm(x), self.head)
        return 15 * torch.tanh(logits / 15)


def build_model(ctx):
    return Net(ctx.vocab_size, ctx.sequence_length)
