"""Time mixing with a learned decay and token shift, computed in a numerically stable recurrence."""

import torch
from torch import nn
from torch.nn import functional as F


class TimeMix(nn.Module):
    def __init__(self, dim: int, layer: int, layers: int):
        super().__init__()
        ratio = layer / max(1, layers - 1)
        speed = torch.tensor([-5 + 8 * (i / (dim - 1)) ** (0.7 + 1.3 * ratio) for i in range(dim)])
        self.decay = nn.Parameter(speed)
        self.first = nn.Parameter(torch.ones(dim) * -1.2)
        self.mix_k, self.mix_v, self.mix_r = (nn.Parameter(torch.full((dim,), 0.5)) for _ in range(3))
        self.key, self.value, self.receptance, self.output = (nn.Linear(dim, dim, bias=False) for _ in "kvro")
        self.shift = nn.ZeroPad2d((0, 0, 1, -1))

    def forward(self, x):
        prev = self.shift(x)
        k = self.key(torch.lerp(prev, x, self.mix_k))
        v = self.value(torch.lerp(prev, x, self.mix_v))
        r = torch.sigmoid(self.receptance(torch.lerp(prev, x, self.mix_r)))
        return self.output(r * self.wkv(k, v))

    def wkv(self, k, v):
        w, u = -torch.exp(self.decay), self.first
        num, den, top = torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0]), torch.full_like(k[:, 0], -1e38)
        out = []
        for t in range(k.shape[1]):
            kt, vt = k[:, t], v[:, t]
            m = torch.maximum(top, u + kt)
            a, b = torch.exp(top - m), torch.exp(u + kt - m)
            out.append((a * num + b * vt) / (a * den + b))
            m = torch.maximum(w + top, kt)
            a, b = torch.exp(w + top - m), torch.exp(kt - m)
            num, den, top = a * num + b * vt, a * den + b, m
        return torch.stack(out, dim=1)


class ChannelMix(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.shift = nn.ZeroPad2d((0, 0, 1, -1))
        self.mix = nn.Parameter(torch.rand(dim))
        self.key, self.value = nn.Linear(dim, 4 * dim, bias=False), nn.Linear(4 * dim, dim, bias=False)

    def forward(self, x):
        return self.value(F.relu(self.key(self.shift(x).lerp(x, self.mix))).square())


class RWKV(nn.Module):
    def __init__(self, vocab, dim=64, layers=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.att = nn.ModuleList(TimeMix(dim, i, layers) for i in range(layers))
        self.ffn = nn.ModuleList(ChannelMix(dim) for _ in range(layers))
        self.ln = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * layers + 1))
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, idx):
        x = self.emb(idx)
        for i, (att, ffn) in enumerate(zip(self.att, self.ffn, strict=True)):
            x = x + att(self.ln[2 * i](x))
            x = x + ffn(self.ln[2 * i + 1](x))
        return self.head(self.ln[-1](x))


def build_model(ctx):
    return RWKV(ctx.vocab_size)
