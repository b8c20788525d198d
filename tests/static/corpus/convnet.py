"""Gated dilated convolutions, weight normalised, with a registry of activations and hooks."""

import re
import string
from collections import OrderedDict
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

ACTIVATIONS = {"glu": nn.GLU(dim=1), "relu": nn.ReLU(), "swish": nn.SiLU()}
CONFIG = SimpleNamespace(width=96, kernel=3, dilations=[1, 2, 4, 8, 16, 32], activation="glu")
PRINTABLE = torch.tensor([ord(c) for c in string.printable])
NAME = re.compile(r"conv(\d+)\.(weight|bias)")


class Causal(nn.Conv1d):
    def forward(self, x):
        return super().forward(nn.functional.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class Wave(nn.Module):
    def __init__(self, vocab, config=CONFIG):
        super().__init__()
        self.embed = nn.Embedding(vocab, config.width)
        layers = OrderedDict()
        for i, dilation in enumerate(config.dilations):
            conv = Causal(config.width, 2 * config.width, config.kernel, dilation=dilation)
            layers[f"conv{i}"] = weight_norm(conv)
        self.layers = nn.ModuleDict(layers)
        self.activation = ACTIVATIONS[config.activation]
        self.head = nn.Conv1d(config.width, vocab, 1)
        self.norms = {}
        for name, layer in self.layers.items():
            layer.register_forward_hook(self._watch(name))
        with torch.no_grad():
            self.embed.weight[PRINTABLE.clamp_max(vocab - 1)] *= 1.5

    def _watch(self, name):
        def hook(module, inputs, output):
            self.norms[name] = output.detach().norm().item()

        return hook

    def forward(self, tokens):
        x = self.embed(tokens).transpose(1, 2)
        for i in range(len(self.layers)):
            x = x + self.activation(self.layers[f"conv{i}"](x))
        return self.head(x).transpose(1, 2)

    def __repr__(self):
        return f"{self.__class__.__name__}({len(self.layers)} layers, {NAME.pattern})"


def build_model(ctx):
    return Wave(ctx.vocab_size)
