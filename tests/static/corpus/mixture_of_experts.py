"""Top-k routed experts with a load balancing loss and a shared expert."""

import torch
import torch.nn.functional as F
from torch import nn


class Expert(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w1, self.w3 = nn.Linear(dim, hidden, bias=False), nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class MoE(nn.Module):
    def __init__(self, dim, experts=8, top_k=2, hidden=256):
        super().__init__()
        self.router = nn.Linear(dim, experts, bias=False)
        self.experts = nn.ModuleList([Expert(dim, hidden) for _ in range(experts)])
        self.shared = Expert(dim, hidden)
        self.top_k = top_k
        self.aux_loss = torch.tensor(0.0)

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, shape[-1])
        probs = self.router(x).softmax(dim=-1)
        weights, chosen = probs.topk(self.top_k, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        out = self.shared(x)
        for index, expert in enumerate(self.experts):
            rows, slots = torch.where(chosen == index)
            if rows.numel():
                out = out.index_add(0, rows, expert(x[rows]) * weights[rows, slots, None])
        load = F.one_hot(chosen, len(self.experts)).float().mean(dim=(0, 1))
        self.aux_loss = len(self.experts) * (load * probs.mean(0)).sum()
        return out.view(shape)


class Model(nn.Module):
    def __init__(self, vocab, dim=128, layers=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.layers = nn.ModuleList([MoE(dim) for _ in range(layers)])
        self.head = nn.Linear(dim, vocab)

    def forward(self, tokens):
        x, _ = self.rnn(self.embed(tokens))
        for layer in self.layers:
            x = x + layer(x)
        return self.head(x)

    @property
    def auxiliary(self):
        return sum(getattr(layer, "aux_loss", 0.0) for layer in self.layers)


def build_model(ctx):
    return Model(ctx.vocab_size)


def compute_loss(model, batch, ctx):
    logits = model(batch.tokens[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten())
    return loss + 0.01 * model.auxiliary
