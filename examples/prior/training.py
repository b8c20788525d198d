"""Hooks style: the optimiser is ours, the loop is the evaluator's."""

import torch


def configure_optimizer(model, ctx):
    return torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
