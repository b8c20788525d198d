"""Hook style: the reference loop runs, with a recipe, an optimizer and a loss of our own."""

import torch
import torch.nn.functional as F
from prism_challenge.evaluator.interface import TrainingRecipe

SMOOTHING = 0.02


class SignMomentum(torch.optim.Optimizer):
    """Steps by the sign of an interpolated momentum, with decoupled weight decay (Lion, Chen et al. 2023)."""

    def __init__(self, params, lr, betas=(0.9, 0.98), weight_decay=0.1):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            fast, slow = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                update = momentum.lerp(p.grad, 1 - fast).sign_()
                p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])
                momentum.lerp_(p.grad, 1 - slow)


def get_recipe(ctx):
    return TrainingRecipe(learning_rate=5e-4, batch_size=4, scheduler="cosine", warmup_fraction=0.03)


def configure_optimizer(model, recipe, ctx):
    return SignMomentum(model.parameters(), lr=recipe.learning_rate)


def compute_loss(model, batch, ctx):
    logits = model(batch.tokens[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten(), label_smoothing=SMOOTHING)
