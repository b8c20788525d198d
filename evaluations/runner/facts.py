"""What a model is: its tensors, size, depth and cost, measured on the model that will be scored."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from evaluations.runner import weights
from evaluations.runner.context import PrismContext
from evaluations.runner.graph.read import read
from evaluations.runner.recipe import logits_of

Forward = Callable[[Tensor], Tensor]
STACKS = (nn.ModuleList, nn.Sequential)


def describe(model: nn.Module, ctx: PrismContext, forward: Forward, *, graph: bool = False) -> dict[str, Any]:
    """Manifest, parameter counts, layers and FLOPs per token of `forward`, which runs `model`.

    With `graph` also the graphs of `model`, which is not to be used any more afterwards.
    """
    return {
        "manifest": weights.describe(model),
        "parameters": sum(p.numel() for p in model.parameters()),
        "body_parameters": body_parameters(model, ctx.vocab_size),
        "layers": layers(model),
        "flops_per_token": flops_per_token(forward, ctx),
        "graphs": read(model, logits_of, longest=ctx.sequence_length - 1) if graph else None,
    }


def body_parameters(model: nn.Module, vocab_size: int) -> int:
    """Parameters without embeddings and output head, which grow with the vocabulary, not with the model."""
    outside = {
        id(p)
        for module in model.modules()
        if isinstance(module, (nn.Embedding, nn.EmbeddingBag)) or _is_head(module, vocab_size)
        for p in module.parameters(recurse=False)
    }
    return sum(p.numel() for p in model.parameters() if id(p) not in outside)


def layers(model: nn.Module) -> int:
    """Depth: entries of the outermost stacks, layers of recurrent modules; else modules with parameters."""
    counted = sum(_stacked(child) for child in _outermost(model))
    return counted or sum(1 for m in model.modules() if any(True for _ in m.parameters(recurse=False)))


def flops_per_token(forward: Forward, ctx: PrismContext) -> float | None:
    """FLOPs of one forward over a full window of inputs, per token (torch's counter: matrix products).

    None where the counter cannot follow, as it cannot where a forward takes gradients: that is no fault.
    """
    inputs = torch.zeros(1, ctx.sequence_length - 1, dtype=torch.int64, device=ctx.device)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            forward(inputs)
    except Exception:  # a forward that is broken itself will say so when it is asked for scores
        return None
    return float(counter.get_total_flops() / inputs.numel())


def _is_head(module: nn.Module, vocab_size: int) -> bool:
    return isinstance(module, nn.Linear) and module.out_features == vocab_size


def _outermost(model: nn.Module) -> list[nn.Module]:
    if isinstance(model, (*STACKS, nn.RNNBase)):
        return [model]
    return [found for child in model.children() for found in _outermost(child)]


def _stacked(module: nn.Module) -> int:
    if isinstance(module, nn.RNNBase):
        return module.num_layers
    return sum(1 for child in module.children() if any(True for _ in child.parameters()))
