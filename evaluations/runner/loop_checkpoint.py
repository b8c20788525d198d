"""What the challenge's own loop keeps with a checkpoint: by the submission's hooks, or else the optimizer.

The weights are committed anyway, and random states are kept for every style. A submission whose training
holds more than that, in globals or buffers outside the `state_dict`, brings both hooks.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, TensorSpec, safe_open, serialize_file
from torch import Tensor, nn

from evaluations.runner.context import PrismContext, PrismResumption
from evaluations.runner.hooks import Hooks

OPTIMIZER = "optimizer.safetensors"
SAVE, LOAD = "save_checkpoint", "load_checkpoint"


class LoopCheckpoint:
    """Saving and loading of one training loop."""

    def __init__(self, model: nn.Module, optimizer: Any, ctx: PrismContext, hooks: Hooks) -> None:
        self.model, self.optimizer, self.ctx, self.hooks = model, optimizer, ctx, hooks

    def save(self) -> bool:
        """Keep what training goes on from; False where it could not."""
        if self.ctx.rank > 0:
            return True  # the first rank keeps it for all
        if SAVE in self.hooks:
            self.hooks.call(SAVE, self.model, self.optimizer, self.ctx)
        if SAVE in self.hooks or LOAD in self.hooks:
            return SAVE in self.hooks and LOAD in self.hooks
        found = numbers_and_tensors(self.optimizer)
        if found is None or _bytes(found[1]) > self.ctx.checkpoint_bytes:
            return False
        return self._written(*found)

    def load(self, resumption: PrismResumption) -> None:
        """Bring model and optimizer back to where they were saved."""
        if LOAD in self.hooks:
            self.hooks.call(LOAD, self.model, self.optimizer, self.ctx)
            return
        resumption.load_weights(self.model)
        with safe_open(self._path, framework="pt") as file:
            state = json.loads(file.metadata()["optimizer"])
            for name in file.keys():  # noqa: SIM118  # it is no mapping
                index, _, slot = name.partition(".")
                state["state"].setdefault(index, {})[slot] = file.get_tensor(name)
        state["state"] = {int(index): slots for index, slots in state["state"].items()}
        self.optimizer.load_state_dict(state)

    def _written(self, numbers: dict[str, Any], tensors: dict[str, Tensor]) -> bool:
        """A submission that asked for nothing does not fail by what is kept for it."""
        self._path.unlink(missing_ok=True)
        try:
            write(self._path, numbers, tensors)
        except (OSError, SafetensorError):
            self._path.unlink(missing_ok=True)
            return False
        return True

    @property
    def _path(self) -> Path:
        return Path(self.ctx.checkpoint_dir) / OPTIMIZER


def numbers_and_tensors(optimizer: Any) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """The `state_dict` of a torch optimizer as JSON and as tensors named `parameter.slot`; None for one that
    holds anything else."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        return None
    found = optimizer.state_dict()
    state: dict[str, dict[str, Any]] = {}
    tensors: dict[str, Tensor] = {}
    for index, slots in found["state"].items():
        state[str(index)] = {name: value for name, value in slots.items() if not isinstance(value, Tensor)}
        for name, value in slots.items():
            if isinstance(value, Tensor):
                if value.layout != torch.strided or not value.numel():
                    return None
                tensors[f"{index}.{name}"] = value.detach()
    numbers = {"state": state, "param_groups": found["param_groups"]}
    return (numbers, tensors) if _is_json(numbers) else None


def write(path: Path, numbers: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """A safetensors file straight from memory: copies might be what passes the memory limit."""
    on_host = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    specs = {
        name: TensorSpec(
            dtype=str(tensor.dtype).removeprefix("torch."),
            shape=list(tensor.shape),
            data_ptr=tensor.data_ptr(),
            data_len=tensor.numel() * tensor.element_size(),
        )
        for name, tensor in on_host.items()
    }
    serialize_file(specs, str(path), {"optimizer": json.dumps(numbers)})


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _bytes(tensors: dict[str, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
