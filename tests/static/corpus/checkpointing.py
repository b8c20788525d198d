"""Gradient checkpointing, and checkpoints of the run in the folder that the context gives."""

import os
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class Deep(nn.Module):
    def __init__(self, vocab, dim=64, depth=12, every=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
            for _ in range(depth)
        )
        self.tail = nn.Sequential(*[nn.Linear(dim, dim) for _ in range(4)])
        self.head, self.every = nn.Linear(dim, vocab), every

    def forward(self, tokens):
        x = self.embed(tokens)
        for index, layer in enumerate(self.layers):
            if self.training and index % self.every == 0:
                x = x + checkpoint(layer, x, use_reentrant=False)
            else:
                x = x + layer(x)
        x = checkpoint_sequential(self.tail, 2, x, use_reentrant=False) if self.training else self.tail(x)
        return self.head(x)


def build_model(ctx):
    return Deep(ctx.vocab_size)


def save_checkpoint(model, optimizer, ctx):
    folder = Path(ctx.checkpoint_dir)
    folder.mkdir(parents=True, exist_ok=True)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, folder / "last.pt.tmp")
    os.replace(folder / "last.pt.tmp", folder / "last.pt")


def load_checkpoint(model, optimizer, ctx):
    path = os.path.join(ctx.checkpoint_dir, "last.pt")
    if not os.path.exists(path):
        return
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
