"""Gradients of several ranks made one: what keeps the parameters of all ranks equal."""

from collections.abc import Iterable

import torch
from torch import Tensor


def average_gradients(parameters: Iterable[Tensor], world_size: int) -> None:
    """Replace every gradient by its mean over the ranks, in float32 or wider.

    A gradient that a rank lacks counts as zero there; one that all ranks lack stays absent, so that an
    optimizer passes over the same parameters as it would with one rank.
    """
    trained = [p for p in parameters if p.requires_grad]
    if not trained:
        return
    wide = (
        torch.float64 if any(p.dtype in (torch.float64, torch.complex128) for p in trained) else torch.float32
    )
    present = torch.tensor([p.grad is not None for p in trained], dtype=wide, device=trained[0].device)
    parts = [present, *(_flat(p).to(wide) for p in trained)]
    together = torch.cat(parts)
    torch.distributed.all_reduce(together)
    somewhere, *sums = torch.split(together, [part.numel() for part in parts])
    for p, known, total in zip(trained, somewhere.tolist(), sums, strict=True):
        p.grad = _like(p, total / world_size) if known else None


def broadcast(tensors: Iterable[Tensor], world_size: int) -> None:
    """Give every rank the first rank's numbers; nothing with one rank."""
    if world_size > 1:
        for tensor in tensors:
            torch.distributed.broadcast(tensor, 0)


def _flat(parameter: Tensor) -> Tensor:
    """The gradient as one row of real numbers."""
    gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return (torch.view_as_real(gradient) if gradient.is_complex() else gradient).flatten()


def _like(parameter: Tensor, row: Tensor) -> Tensor:
    if parameter.is_complex():
        return torch.view_as_complex(row.view(*parameter.shape, 2).contiguous()).to(parameter.dtype)
    return row.view_as(parameter).to(parameter.dtype)
