"""An LSTM beside a continuous cache of its own hidden states, mixed by a gate."""

from __future__ import annotations

import enum
import itertools
import operator
from functools import cached_property, lru_cache, reduce

import torch
import torch.nn.functional as F
from torch import nn


class Mix(enum.Enum):
    NONE = "none"
    GATED = "gated"


@lru_cache(maxsize=8)
def causal_mask(length: int) -> torch.Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril(-1)


class CacheLSTM(nn.Module):
    def __init__(self, vocab: int, dim: int = 128, layers: int = 2, mix: Mix = Mix.GATED) -> None:
        super().__init__()
        self.mix, self.vocab = mix, vocab
        self.embedding = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, dim, layers, batch_first=True, dropout=0.1)
        self.decoder = nn.Linear(dim, vocab)
        self.gate = nn.Linear(dim, 1)
        self.theta = nn.Parameter(torch.tensor(0.3))
        for name, parameter in self.lstm.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(parameter)
            elif "bias" in name:
                nn.init.zeros_(parameter)

    @cached_property
    def size(self) -> int:
        return reduce(operator.add, (p.numel() for p in self.parameters()), 0)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(self.embedding(tokens))
        logits = self.decoder(hidden)
        if self.mix is Mix.NONE:
            return logits
        length = tokens.shape[1]
        scores = self.theta * hidden @ hidden.mT
        weights = scores.masked_fill(~causal_mask(length).to(tokens.device), -1e9).softmax(-1)
        following = F.one_hot(tokens, self.vocab).float().roll(-1, dims=1)
        cached = torch.log(weights @ following + 1e-6)
        share = torch.sigmoid(self.gate(hidden))
        return torch.logaddexp(
            torch.log1p(-share) + logits.log_softmax(-1), share.log() + cached.log_softmax(-1)
        )


def build_model(ctx):
    choices = list(itertools.product((128, 64), (2, 1)))
    for dim, layers in choices:
        model = CacheLSTM(ctx.vocab_size, dim, layers)
        if model.size <= ctx.max_params:
            return model
    raise ValueError(f"none of {choices} fits")
