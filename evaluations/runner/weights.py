"""A model's tensors on the child's side of a slot: describing, committing and loading them."""

import mmap
from typing import Any

import torch
from torch import Tensor, nn

from evaluations.runner import cuda_staging
from evaluations.runner.slot import Layout

WRAPPERS = ("_orig_mod", "module")  # torch.compile and DistributedDataParallel


class ModelMismatch(Exception):
    """The model to be committed is not the model that `build_model` declares."""

    code = "model_mismatch"


def unwrapped(model: nn.Module) -> nn.Module:
    """The submitted module inside the wrappers that torch puts around one."""
    while True:
        inner = next((getattr(model, name) for name in WRAPPERS if _is_wrapper(model, name)), None)
        if inner is None:
            return model
        model = inner


def tensors(model: nn.Module) -> dict[str, Tensor]:
    """The `state_dict` of a model: parameters and persistent buffers, tensors only."""
    state = unwrapped(model).state_dict()
    strange = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if strange:
        raise ModelMismatch(f"state_dict holds something that is no tensor: {strange[0]}")
    return state


def describe(model: nn.Module) -> list[list[Any]]:
    """[name, shape, dtype] of each tensor, in `state_dict` order."""
    return [
        [name, list(value.shape), str(value.dtype).removeprefix("torch.")]
        for name, value in tensors(model).items()
    ]


def writable_map(fd: int, layout: Layout) -> mmap.mmap:
    """The learner's view of its slot, pinned where the weights come from a GPU."""
    memory = mmap.mmap(fd, layout.size)
    cuda_staging.pin(memory)
    return memory


def readable_map(fd: int, layout: Layout) -> mmap.mmap:
    """The predictor's view of its slot: private, since the slot is sealed against writing."""
    return mmap.mmap(fd, layout.size, access=mmap.ACCESS_COPY)


def commit(model: nn.Module, layout: Layout, memory: mmap.mmap) -> None:
    """Copy every tensor of `model` into the slot; raise `ModelMismatch` where it is another model."""
    check_same_model(model, layout)
    state = tensors(model)
    with torch.no_grad():
        for name, place in views(layout, memory).items():
            place.copy_(state[name])


def load(model: nn.Module, layout: Layout, memory: mmap.mmap) -> None:
    """Copy the slot into every tensor of `model`."""
    state = tensors(model)
    with torch.no_grad():
        for name, place in views(layout, memory).items():
            state[name].copy_(place)


def views(layout: Layout, memory: mmap.mmap) -> dict[str, Tensor]:
    """Each tensor of the layout as a view of the mapped memory."""
    return {
        entry.name: torch.frombuffer(
            memory,
            dtype=getattr(torch, entry.dtype),
            count=max(1, _count(entry.shape)),
            offset=entry.offset,
        )[: _count(entry.shape)].view(entry.shape)
        for entry in layout.entries
        if entry.bytes
    }


def check_same_model(model: nn.Module, layout: Layout) -> None:
    """Raise `ModelMismatch` naming the first difference between `model` and the declared layout."""
    declared, committed = layout.described(), describe(model)
    for want, have in zip(declared, committed, strict=False):
        if want != have:
            raise ModelMismatch(
                f"build_model declares {_spoken(want)}, the committed model has {_spoken(have)}"
            )
    if len(declared) != len(committed):
        raise ModelMismatch(
            f"build_model declares {len(declared)} tensors, the committed model has {len(committed)}"
        )


def _count(shape: tuple[int, ...]) -> int:
    return int(torch.Size(shape).numel())


def _is_wrapper(model: nn.Module, name: str) -> bool:
    kind = type(model).__module__
    return kind.startswith("torch.") and isinstance(getattr(model, name, None), nn.Module)


def _spoken(item: list[Any]) -> str:
    name, shape, dtype = item
    return f"{name} {tuple(shape)} {dtype}"
