"""Distributed data parallel by the environment's ranks, with gradient accumulation."""

import os
from contextlib import nullcontext

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel as DDP


def setup(ctx):
    if ctx.world_size == 1:
        return False
    if not dist.is_initialized():
        dist.init_process_group(backend="nccl" if torch.cuda.is_available() else "gloo")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return True


def mean_over_ranks(value: torch.Tensor) -> float:
    dist.all_reduce(value, op=dist.ReduceOp.AVG)
    return value.item()


def train(ctx):
    distributed = setup(ctx)
    bare = ctx.build_model()
    model = (
        DDP(bare, device_ids=[ctx.local_rank] if torch.cuda.is_available() else None) if distributed else bare
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    accumulate = 4
    for step, batch in enumerate(ctx.iter_train_batches(bare, batch_size=2)):
        last = (step + 1) % accumulate == 0
        sync = nullcontext() if last or not distributed else model.no_sync()
        with sync:
            loss = F.cross_entropy(model(batch.tokens[:, :-1]).flatten(0, 1), batch.tokens[:, 1:].flatten())
            (loss / accumulate).backward()
        if last:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if distributed and step % 50 == 0 and dist.get_rank() == 0:
            ctx.log(step=step, loss=mean_over_ranks(loss.detach().clone()))
    if distributed:
        dist.destroy_process_group()
