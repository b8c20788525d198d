"""An exponential moving average of the weights that is swapped in to be scored."""

import copy
from contextlib import contextmanager

import torch
from torch import nn


class EMA:
    def __init__(self, model: nn.Module, decay: float = 0.999, warmup: int = 100):
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay, self.warmup, self.updates = decay, warmup, 0

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + self.warmup))
        ours, theirs = self.shadow.state_dict(), model.state_dict()
        for name, value in theirs.items():
            if value.dtype.is_floating_point:
                ours[name].lerp_(value, 1 - decay)
            else:
                ours[name].copy_(value)

    @contextmanager
    def applied_to(self, model):
        kept = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.shadow.state_dict())
        try:
            yield model
        finally:
            model.load_state_dict(kept)


def train(ctx):
    model = ctx.build_model()
    ema = EMA(model)
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-3)
    for batch in ctx.iter_train_batches(ema.shadow, batch_size=4):
        logits = model(batch.tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model)
