"""The predictor: builds the declared model, loads committed weights, answers log p of each token."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from evaluations.runner import child, facts, initialisation, loading, precision, weights
from evaluations.runner.context import PrismBatch, PrismContext
from evaluations.runner.hooks import Hooks
from evaluations.runner.recipe import logits_of
from evaluations.runner.slot import lay_out
from evaluations.runner.wire import Channel

INFERENCE_HOOKS = ("inference_logits", "infer")  # in order of precedence


class LogitsShape(Exception):
    """A forward whose logits are not (B, T, V)."""

    code = "logits_shape"


class Predictor:
    """The model on its committed weights, in evaluation mode."""

    def __init__(self, model: nn.Module, ctx: PrismContext, hooks: Hooks) -> None:
        self.model = model.eval()
        self.ctx = ctx
        self.hooks = hooks
        self.hook = next((name for name in INFERENCE_HOOKS if name in hooks), None)

    def answer(self, window_BxT: Tensor, seed: int, places: list[list[int]]) -> tuple[Tensor, Tensor]:
        """log p in nats, float32: (B, T-1) of each token of a window but its first, and the whole
        distributions (N, V) at N places (row, input position)."""
        loading.seed_everything(seed)
        inputs, targets = window_BxT[:, :-1], window_BxT[:, 1:]
        logits_BxTxV = self.logits(inputs)
        expected = (*inputs.shape, self.ctx.vocab_size)
        if tuple(logits_BxTxV.shape) != expected:
            raise LogitsShape(f"logits have shape {tuple(logits_BxTxV.shape)}, expected {expected}")
        logp_BxTxV = torch.log_softmax(logits_BxTxV.float(), -1)  # exact also where logits are far from 0
        chosen = logp_BxTxV.gather(-1, targets[..., None])[..., 0]
        rows, positions = torch.tensor(places, dtype=torch.int64).view(-1, 2).unbind(1)
        return chosen, logp_BxTxV[rows, positions]

    def logits(self, inputs: Tensor) -> Tensor:
        """(B, T, V) of (B, T) tokens, by the submission's inference hook where it has one."""
        with precision.autocast(self.ctx.precision, self.ctx.device):
            if self.hook is None:
                return logits_of(self.model(inputs))
            return logits_of(self.hooks.call(self.hook, self.model, PrismBatch(inputs), self.ctx))


def main(channel: Channel, slot_fd: int) -> int:
    """Entry point, once this process is closed in."""
    return child.main(channel, slot_fd, serve)


def serve(channel: Channel, slot_fd: int) -> None:
    """Build, describe, then load and score as ordered."""
    order = channel.receive().header
    child.deterministic(order["threads"])
    build = child.open_architecture(order)
    ctx = child.context(order, build, None)
    hooks = Hooks(hook_modules(order))
    # Measured on a twin, so that counting FLOPs leaves no trace in the model that is scored.
    twin = Predictor(ctx.build_model(), ctx, Hooks(hook_modules(order)))
    described = facts.describe(twin.model, ctx, twin.logits, graph=order["graph"])
    invariant = initialisation.seed_invariant(
        ctx.build_model(), replace(ctx, seed=ctx.seed + 1).build_model()
    )
    channel.send({"type": "model", **described, "seed_invariant": invariant})
    del twin
    model = ctx.build_model()
    predictor = Predictor(model, ctx, hooks)
    layout = memory = None
    while (message := channel.receive()).type != "end":
        if message.type == "layout":
            layout = lay_out(message.header["layout"])
            memory = weights.readable_map(slot_fd, layout)
        elif message.type == "load" and layout is not None and memory is not None:
            weights.load(model, layout, memory)
            channel.send({"type": "loaded"})
        else:
            _answer(channel, predictor, message.header, message.body)
    channel.send({"type": "bye", "hooks": predictor.hooks.report(), "memory": child.peak_memory()})


def _answer(channel: Channel, predictor: Predictor, header: dict[str, Any], body: bytes) -> None:
    began, flat = time.monotonic(), np.frombuffer(body, dtype=np.int32).astype(np.int64)
    claims, vectors, at = [], [], 0
    with torch.no_grad():  # unlike inference mode, a model may take gradients inside its forward
        for number, (rows, length) in enumerate(header["batches"]):
            window_BxT = torch.from_numpy(flat[at : at + rows * length]).view(rows, length)
            at += rows * length
            places = [place[1:] for place in header["vectors"] if place[0] == number]
            found = predictor.answer(window_BxT.to(predictor.ctx.device), header["seeds"][number], places)
            claims.append(found[0].cpu().flatten())
            vectors.append(found[1].cpu().flatten())
    numbers = torch.cat([*claims, *vectors]) if claims else torch.zeros(0)
    channel.send({"type": "scores", "seconds": time.monotonic() - began}, numbers.numpy().tobytes())


def hook_modules(order: dict[str, Any]) -> list[Any]:
    """The files that may hold an inference hook; training code is imported only where it names one."""
    folder, training = Path(order["folder"]), order["training"]
    names_one = training and any(hook in (folder / training).read_text() for hook in INFERENCE_HOOKS)
    entries = [training, order["architecture"]] if names_one else [order["architecture"]]
    return [loading.load(folder, entry) for entry in entries]
