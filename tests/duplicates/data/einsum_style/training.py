"""Hook style: recipe, loss with a z-term, and an optimizer with per-layer rates."""

import torch
from prism_challenge.evaluator.interface import TrainingRecipe


def get_recipe(ctx):
    return TrainingRecipe(learning_rate=2e-3, batch_size=6, warmup_fraction=0.04, grad_clip=0.5)


def configure_optimizer(model, recipe, ctx):
    slow, fast = [], []
    for key, value in model.named_parameters():
        (slow if key.startswith("table") else fast).append(value)
    return torch.optim.NAdam(
        [{"params": slow, "lr": recipe.learning_rate / 3}, {"params": fast}], lr=recipe.learning_rate
    )


def compute_loss(model, batch, ctx):
    given, wanted = batch.tokens[:, :-1], batch.tokens[:, 1:]
    scores = model(given)
    normaliser = scores.logsumexp(dim=-1)
    chosen = scores.gather(-1, wanted.unsqueeze(-1)).squeeze(-1)
    return (normaliser - chosen).mean() + 1e-4 * normaliser.square().mean()
