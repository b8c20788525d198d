"""Linear biases instead of positions, and a sliding window."""

import math

import torch
from torch import nn


def slopes(heads: int) -> list[float]:
    def power_of_two(n):
        start = 2 ** (-(2 ** -(math.log2(n) - 3)))
        return [start * start**i for i in range(n)]

    if math.log2(heads).is_integer():
        return power_of_two(heads)
    closest = 2 ** math.floor(math.log2(heads))
    return power_of_two(closest) + slopes(2 * closest)[0::2][: heads - closest]


class AlibiAttention(nn.Module):
    def __init__(self, dim, heads, window, length):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        distance = torch.arange(length)[None, :] - torch.arange(length)[:, None]
        bias = distance[None].float() * torch.tensor(slopes(heads))[:, None, None]
        hidden = (distance > 0) | (distance < -window)
        self.register_buffer("bias", bias.masked_fill(hidden, -torch.inf))

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        scores = torch.einsum("bhid,bhjd->bhij", q, k) / math.sqrt(q.shape[-1]) + self.bias[:, :t, :t]
        return self.proj(torch.einsum("bhij,bhjd->bihd", scores.softmax(-1), v).reshape(b, t, d))


class Net(nn.Module):
    def __init__(self, vocab, length, dim=96, depth=3, heads=6):
        super().__init__()
        self.tokens = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            mlp = nn.Sequential(
                nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.Mish(), nn.Linear(4 * dim, dim)
            )
            pair = {"norm": nn.LayerNorm(dim), "attn": AlibiAttention(dim, heads, 64, length), "mlp": mlp}
            self.blocks.append(nn.ModuleDict(pair))
        self.head = nn.Linear(dim, vocab)

    def forward(self, idx):
        x = self.tokens(idx)
        for block in self.blocks:
            x = x + block["attn"](block["norm"](x))
            x = x + block["mlp"](x)
        return self.head(x)


def build_model(ctx):
    return Net(ctx.vocab_size, ctx.sequence_length)
