"""The challenge's reference loop: trains a hook-style submission, or an architecture on its own."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evaluations.runner import precision
from evaluations.runner.averaging import average_gradients
from evaluations.runner.context import PrismBatch, PrismContext
from evaluations.runner.hooks import Hooks
from evaluations.runner.loop_checkpoint import LoopCheckpoint
from evaluations.runner.reference_recipe import ADAM_BETAS, recipe_for
from evaluations.runner.training_recipe import TrainingRecipe


def logits_of(output: Any) -> Tensor:
    """The (B, T, V) logits of a forward: the tensor itself, a tuple's first entry, or `.logits`."""
    if isinstance(output, Tensor):
        return output
    if isinstance(output, (tuple, list)) and output and isinstance(output[0], Tensor):
        return output[0]
    if isinstance(getattr(output, "logits", None), Tensor):
        return output.logits  # type: ignore[no-any-return]
    raise TypeError(
        f"forward returned {type(output).__name__}: logits (B, T, V), a tuple of them first, or .logits"
    )


def next_token_loss(model: nn.Module, batch: PrismBatch) -> Tensor:
    """Mean cross-entropy in nats of `tokens[:, 1:]` given `tokens[:, :-1]`."""
    logits_BxTxV = logits_of(model(batch.tokens[:, :-1]))
    return F.cross_entropy(logits_BxTxV.flatten(0, 1).float(), batch.tokens[:, 1:].flatten())


def train_by_reference(ctx: PrismContext) -> None:
    """One pass over the stream under the reference recipe, with no hooks at all."""
    _pass_over(ctx, Hooks([]), recipe_for(ctx.byte_budget, ctx.sequence_length))


def train(ctx: PrismContext, hooks: Hooks) -> None:
    """One pass over the stream with whichever hooks there are."""
    _pass_over(ctx, hooks, hooks.call("get_recipe", ctx) if "get_recipe" in hooks else TrainingRecipe())


def _pass_over(ctx: PrismContext, hooks: Hooks, recipe: TrainingRecipe) -> None:
    model = ctx.build_model()
    model.train()
    optimizer = _optimizer(model, recipe, ctx, hooks)
    if ctx.world_size > 1 and "train_step" in hooks and isinstance(optimizer, torch.optim.Optimizer):
        optimizer.register_step_pre_hook(lambda *_: average_gradients(model.parameters(), ctx.world_size))
    base_rates = _rates(optimizer)  # those that it begins with, before a checkpoint brings others
    checkpoint = LoopCheckpoint(model, optimizer, ctx, hooks)
    ctx.on_checkpoint(checkpoint.save)
    if ctx.resumed_at is not None:
        checkpoint.load(ctx.resumed_at)
    length = getattr(recipe, "sequence_length", None) or ctx.sequence_length
    for batch in ctx.iter_train_batches(model, batch_size=recipe.batch_size, seq_len=length):
        consumed = (batch.metadata or {})["stream_bytes"]
        _set_rates(optimizer, base_rates, rate_factor(recipe, consumed / ctx.byte_budget))
        _step(model, batch, optimizer, recipe, ctx, hooks)


def rate_factor(recipe: TrainingRecipe, share: float) -> float:
    """Factor on the learning rate after `share` of the text: linear warm-up, then the scheduler."""
    warmup = getattr(recipe, "warmup_fraction", 0.0)
    ramp = 1.0 if warmup <= 0 else min(1.0, share / warmup)
    if recipe.scheduler != "cosine":
        return ramp
    final = getattr(recipe, "final_fraction", 0.0)
    progress = min(1.0, max(0.0, (share - warmup) / max(1e-9, 1.0 - warmup)))
    return ramp * (final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * progress)))


def _optimizer(model: nn.Module, recipe: TrainingRecipe, ctx: PrismContext, hooks: Hooks) -> Any:
    if "configure_optimizer" in hooks:
        return hooks.call("configure_optimizer", model, recipe, ctx)
    parameters = [p for p in model.parameters() if p.requires_grad]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(
            parameters, lr=recipe.learning_rate, betas=ADAM_BETAS, weight_decay=recipe.weight_decay
        )
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, lr=recipe.learning_rate, momentum=0.9, weight_decay=recipe.weight_decay
        )
    raise ValueError(f"recipe.optimizer is {recipe.optimizer!r}: adamw, sgd, or a configure_optimizer hook")


def _step(
    model: nn.Module,
    batch: PrismBatch,
    optimizer: Any,
    recipe: TrainingRecipe,
    ctx: PrismContext,
    hooks: Hooks,
) -> None:
    if "train_step" in hooks:  # its gradients are averaged when it steps
        hooks.call("train_step", model, batch, optimizer, ctx)
        return
    optimizer.zero_grad(set_to_none=True)
    with precision.autocast(ctx.precision, ctx.device):  # as whoever scores the model runs it
        if "compute_loss" in hooks:
            loss = hooks.call("compute_loss", model, batch, ctx)
        else:
            loss = next_token_loss(model, batch)
    if ctx.world_size > 1:
        loss = loss * (batch.metadata or {})["weight"]
    loss.backward()
    if ctx.world_size > 1:
        average_gradients(model.parameters(), ctx.world_size)
    clip = getattr(recipe, "grad_clip", 0.0)
    if clip > 0:
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()


def _rates(optimizer: Any) -> list[float]:
    return [float(group.get("lr", 0.0)) for group in getattr(optimizer, "param_groups", [])]


def _set_rates(optimizer: Any, base_rates: list[float], factor: float) -> None:
    for group, rate in zip(getattr(optimizer, "param_groups", []), base_rates, strict=False):
        group["lr"] = rate * factor
