"""The learner: the one process that runs submitted training code. It commits, then text is revealed to it."""

import mmap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from evaluations.runner import child, loading, randomness, recipe, weights
from evaluations.runner.averaging import broadcast
from evaluations.runner.context import PrismChunk, PrismContext, PrismResumption
from evaluations.runner.hooks import Hooks
from evaluations.runner.slot import Layout, lay_out
from evaluations.runner.tokenizers import BYTES, ByteCoder, FileCoder
from evaluations.runner.wire import Channel, Message


class StreamMisused(Exception):
    """The stream was taken in a way that the protocol does not have."""

    code = "stream_misused"


class RefereeDoor:
    """The stream as the learner reaches it: ask the referee, commit first. Of several ranks one commits."""

    def __init__(
        self, channel: Channel, layout: Layout, memory: mmap.mmap | None, order: dict[str, Any]
    ) -> None:
        self.channel = channel
        self.layout = layout
        self.memory = memory
        self.order = order
        self.finished = False
        self.handed_out: dict[str, Any] = {}
        self.save: Callable[[], bool | None] | None = None
        self.save_is_due = False
        self.goes_on = False  # from a checkpoint: the random state of then is taken up with the first commit

    def resumption(self, header: dict[str, Any], tokens: bytes) -> PrismResumption:
        """Where this run goes on; the weights of then lie in the slot."""
        self.goes_on = True
        line = torch.from_numpy(np.frombuffer(tokens, dtype=np.int32).astype(np.int64))
        numbers = {name: header[name] for name in ("index", "stream_bytes", "revealed_tokens")}
        return PrismResumption(**numbers, tokens=line.to(self._device), _load=self._load)

    def on_checkpoint(self, save: Callable[[], bool | None]) -> None:
        """What to call before a commit at which the run is saved."""
        self.save = save

    def stream(self, model: nn.Module) -> Iterator[PrismChunk]:
        """Chunks until the budget is spent; every step commits `model` as it then is."""
        if not isinstance(model, nn.Module):
            raise StreamMisused("the stream takes the model to commit: ctx.stream(model)")
        while not self.finished:
            self._ask(model)
            reply = self.channel.receive()
            if reply.type != "chunk":
                self.finished = True
                return
            tokens = np.frombuffer(reply.body, dtype=np.int32).astype(np.int64)
            header = reply.header
            self.save_is_due = header["checkpoint"]
            on_device = torch.from_numpy(tokens).to(self._device)
            yield PrismChunk(on_device, header["index"], header["bytes"], header["stream_bytes"])

    def _ask(self, model: nn.Module) -> None:
        saved = self._saved()
        if self.memory is None:
            weights.check_same_model(model, self.layout)
            self.channel.send({"type": "ask"})
        else:
            weights.commit(model, self.layout, self.memory)
            self.channel.send({"type": "commit", "saved": saved})

    def _saved(self) -> bool:
        """Save where that is due, and the random state with it; take that up where the run goes on."""
        if self.goes_on:
            randomness.take_up(self._random_state)
            self.goes_on = False
        if not self.save_is_due or self.save is None or self.save() is False:
            return False
        randomness.keep(self._random_state)
        return True

    def _load(self, model: nn.Module) -> None:
        if self.memory is not None:
            weights.load(model, self.layout, self.memory)
        broadcast(weights.tensors(model).values(), self.order["context"].get("world_size", 1))

    @property
    def _device(self) -> str:
        return str(self.order["context"]["device"])

    @property
    def _random_state(self) -> Path:
        context = self.order["context"]
        return Path(context["checkpoint_dir"]) / f"random-state.{context.get('rank', 0)}.json"

    def tokenizer(self, name: str) -> Any:
        """A tokenizer as data, the same object for the same name."""
        if name not in self.handed_out:
            paths = self.order["tokenizers"]
            if name != BYTES and name not in paths:
                raise loading.ContractBroken(f"no tokenizer {name!r} here: bytes, {', '.join(sorted(paths))}")
            self.handed_out[name] = ByteCoder() if name == BYTES else FileCoder(Path(paths[name])).tokenizer
        return self.handed_out[name]

    def is_declared(self, tokenizer: Any) -> bool:
        """Whether this is the object handed out for the declared tokenizer."""
        return tokenizer is self.handed_out.get(self.order["tokenizer"])


def main(channel: Channel, slot_fd: int) -> int:
    """Entry point, once this process is closed in."""
    return child.main(channel, slot_fd, serve)


def serve(channel: Channel, slot_fd: int) -> None:
    """Import, train once, report."""
    order = channel.receive().header
    child.deterministic(order["threads"])
    build = child.open_architecture(order)
    modules = _modules(order)
    channel.send({"type": "ready"})
    start = channel.receive()
    layout = lay_out(start.header["layout"])
    first = order["context"].get("rank", 0) == 0
    door = RefereeDoor(channel, layout, weights.writable_map(slot_fd, layout) if first else None, order)
    ctx = _context(order, build, door, start)
    loading.seed_everything(ctx.seed)
    hooks, began = Hooks(modules), time.monotonic()
    style = _train(order, modules, ctx, hooks)
    seconds = time.monotonic() - began
    account = {"style": style, "hooks": hooks.report(), "seconds": seconds, "memory": child.peak_memory()}
    channel.send({"type": "done", **account})
    if ctx.world_size > 1:
        channel.receive()  # the others may still need this rank: stay until the referee hangs up


def _context(
    order: dict[str, Any],
    build: Callable[[PrismContext], nn.Module],
    door: RefereeDoor,
    start: Message,
) -> PrismContext:
    ctx, again = child.context(order, build, door), start.header.get("resumed")
    return replace(ctx, resumed_at=door.resumption(again, start.body)) if again else ctx


def _modules(order: dict[str, Any]) -> list[ModuleType]:
    """Training file first: its hooks go before the architecture's."""
    entries = [entry for entry in (order["training"], order["architecture"]) if entry]
    return [loading.load(Path(order["folder"]), entry) for entry in entries]


def _train(order: dict[str, Any], modules: list[ModuleType], ctx: PrismContext, hooks: Hooks) -> str:
    """Run the submission's style of training; give its name."""
    if not order["training"]:
        recipe.train_by_reference(ctx)
        return "reference"
    train = getattr(modules[0], "train", None)
    if callable(train):
        train(ctx)
        return "loop"
    if not hooks.functions:
        raise loading.ContractBroken("the training file defines neither train(ctx) nor a hook")
    recipe.train(ctx, hooks)
    return "hooks"
