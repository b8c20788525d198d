"""A transformer whose feed-forward is a mixture of experts with top-k routing."""

from typing import NamedTuple

import torch
import torch.nn as nn
import torch.nn.functional as F


class Sizes(NamedTuple):
    vocab: int
    context: int
    hidden: int = 128
    heads: int = 4
    depth: int = 3
    experts: int = 4
    active: int = 2


class SelfAttention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads = s.heads
        self.query = nn.Linear(s.hidden, s.hidden)
        self.key = nn.Linear(s.hidden, s.hidden)
        self.value = nn.Linear(s.hidden, s.hidden)
        self.merge = nn.Linear(s.hidden, s.hidden)

    def split(self, t):
        b, n, d = t.shape
        return t.reshape(b, n, self.heads, d // self.heads).permute(0, 2, 1, 3)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(q, k.mT) / (d // self.heads) ** 0.5
        future = torch.ones(n, n, dtype=torch.bool, device=x.device).triu(1)
        scores = scores.masked_fill(future, torch.finfo(scores.dtype).min)
        context = torch.matmul(torch.softmax(scores, dim=-1), v)
        return self.merge(context.permute(0, 2, 1, 3).reshape(b, n, d))


class Expert(nn.Sequential):
    def __init__(self, hidden):
        super().__init__(nn.Linear(hidden, 2 * hidden), nn.SiLU(), nn.Linear(2 * hidden, hidden))


class MixtureOfExperts(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.active = s.active
        self.router = nn.Linear(s.hidden, s.experts, bias=False)
        self.experts = nn.ModuleList([Expert(s.hidden) for _ in range(s.experts)])

    def forward(self, x):
        flat = x.flatten(0, 1)
        probabilities = self.router(flat).softmax(-1)
        weight, chosen = probabilities.topk(self.active, dim=-1)
        weight = weight / weight.sum(-1, keepdim=True)
        out = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            token, slot = torch.where(chosen == number)
            if token.numel():
                out.index_add_(0, token, expert(flat[token]) * weight[token, slot, None])
        return out.view_as(x)


class Layer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.norm_one, self.norm_two = nn.LayerNorm(s.hidden), nn.LayerNorm(s.hidden)
        self.attend, self.route = SelfAttention(s), MixtureOfExperts(s)

    def forward(self, x):
        x = x + self.attend(self.norm_one(x))
        return x + self.route(self.norm_two(x))


class SparseLM(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.words = nn.Embedding(s.vocab, s.hidden)
        self.places = nn.Parameter(torch.randn(1, s.context, s.hidden) * 0.01)
        self.body = nn.Sequential(*(Layer(s) for _ in range(s.depth)), nn.LayerNorm(s.hidden))
        self.unembed = nn.Linear(s.hidden, s.vocab)

    def forward(self, tokens):
        x = self.words(tokens) + self.places[:, : tokens.shape[1]]
        return self.unembed(self.body(x))


def build_model(ctx):
    return SparseLM(Sizes(ctx.vocab_size, ctx.max_seq_len))
