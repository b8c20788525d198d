"""Momentum orthogonalised by a Newton-Schulz iteration, with AdamW for everything that is no matrix."""

import math
import os

import torch
import torch.distributed as dist
from torch.optim.optimizer import Optimizer

ROUNDS = ((3.4445, -4.7750, 2.0315),) * 5


@torch.no_grad()
def orthogonalise(grad: torch.Tensor, eps: float = 1e-7) -> torch.Tensor:
    x = grad.bfloat16() if grad.is_cuda else grad.float()
    x = x / (x.norm() + eps)
    tall = x.size(0) > x.size(1)
    x = x.mT if tall else x
    for a, b, c in ROUNDS:
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(grad.dtype)


class Muon(Optimizer):
    def __init__(self, params, lr=0.02, momentum=0.95, nesterov=True, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay))
        self.world_size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                buffer = state["momentum_buffer"]
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(buffer, group["momentum"]) if group["nesterov"] else buffer
                update = orthogonalise(update.flatten(1)).view_as(p)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1, p.size(0) / p.size(1)) ** 0.5)
        if self.world_size > 1 and dist.is_initialized():
            dist.barrier()
        return loss


class Both(Optimizer):
    """Two optimizers as one."""

    def __init__(self, parts):
        self.parts = parts
        super().__init__([p for part in parts for g in part.param_groups for p in g["params"]], {})
        self.param_groups = [group for part in parts for group in part.param_groups]

    def step(self, closure=None):
        for part in self.parts:
            part.step()


def configure_optimizer(model, recipe, ctx):
    matrices = [
        p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n and "head" not in n
    ]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    peak = recipe.learning_rate * math.sqrt(8)
    return Both(
        [Muon(matrices, lr=peak), torch.optim.AdamW(rest, lr=recipe.learning_rate, betas=(0.9, 0.95))]
    )
