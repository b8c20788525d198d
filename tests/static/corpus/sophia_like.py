"""A second-order clipped optimizer with Hutchinson estimates, and AGC; foreach kernels where possible."""

import random
import statistics
import time

import numpy as np
import torch
from torch.optim import Optimizer


def adaptive_clip(parameters, factor=0.01, eps=1e-3):
    for p in parameters:
        if p.grad is None:
            continue
        limit = p.detach().norm(2, dim=-1, keepdim=True).clamp_min(eps) * factor
        norm = p.grad.norm(2, dim=-1, keepdim=True).clamp_min(1e-6)
        p.grad.copy_(torch.where(norm > limit, p.grad * (limit / norm), p.grad))


class Sophia(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.96, 0.99), rho=0.04, weight_decay=0.1):
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, {"lr": lr, "betas": betas, "rho": rho, "weight_decay": weight_decay})

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("rho", 0.04)

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            grads = [p.grad for p in params]
            for p in params:
                if not self.state[p]:
                    self.state[p].update(m=torch.zeros_like(p), h=torch.zeros_like(p))
            ms, hs = ([self.state[p][key] for p in params] for key in "mh")
            torch._foreach_lerp_(ms, grads, 1 - group["betas"][0])
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
            for p, m, h in zip(params, ms, hs, strict=True):
                p.add_((m / (group["rho"] * h + 1e-15)).clamp_(-1, 1), alpha=-group["lr"])

    def update_hessian(self, loss):
        params = [p for g in self.param_groups for p in g["params"]]
        grads = torch.autograd.grad(loss, params, create_graph=True)
        vectors = [torch.randint_like(p, 2) * 2 - 1 for p in params]
        products = torch.autograd.grad(
            sum((g * v).sum() for g, v in zip(grads, vectors, strict=True)), params
        )
        for p, v, hv in zip(params, vectors, products, strict=True):
            self.state[p]["h"].lerp_((v * hv).detach(), 1 - self.param_groups[0]["betas"][1])


def train(ctx):
    random.seed(ctx.seed)
    np.random.seed(ctx.seed)
    torch.manual_seed(ctx.seed)
    generator = np.random.default_rng(ctx.seed)
    model = ctx.build_model()
    optimizer, times = Sophia(model.parameters()), []
    for chunk in ctx.stream(model):
        started = time.monotonic()
        starts = generator.permutation(np.arange(0, len(chunk.tokens) - 65, 64))
        for start in starts.tolist():
            rows = chunk.tokens[start : start + 65][None]
            loss = torch.nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            adaptive_clip(model.parameters())
            optimizer.step()
        times.append(time.monotonic() - started)
    ctx.log(median_seconds=statistics.median(times))
