"""Dilated causal convolutions with gates: every position sees 127 bytes back."""

import torch.nn.functional as F
from torch import nn

WIDTH = 160


class Gated(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.reach = 2 * dilation
        self.conv = nn.Conv1d(WIDTH, 2 * WIDTH, kernel_size=3, dilation=dilation)
        self.out = nn.Conv1d(WIDTH, WIDTH, kernel_size=1)

    def forward(self, x_BxCxT):
        value, gate = self.conv(F.pad(x_BxCxT, (self.reach, 0))).chunk(2, dim=1)
        return x_BxCxT + self.out(value * gate.sigmoid())


class Convolutional(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, WIDTH)
        self.layers = nn.ModuleList(Gated(2**i) for i in range(6))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, vocabulary)

    def forward(self, tokens):
        x = self.embed(tokens).transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x.transpose(1, 2)))


def build_model(ctx):
    return Convolutional(ctx.vocab_size)
