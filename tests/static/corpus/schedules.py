"""Learning rate schedules of every kind, and a loop that logs what it does."""

import json
import logging
import math
import os
import time
from functools import partial

import torch
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

log = logging.getLogger(__name__)


def trapezoid(step, total, warmup=0.05, cooldown=0.2):
    share = step / max(1, total)
    if share < warmup:
        return share / warmup
    return 1.0 if share < 1 - cooldown else max(0.0, (1 - share) / cooldown)


def cosine(step, total, floor=0.1):
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))


SCHEDULES = {"trapezoid": trapezoid, "cosine": cosine, "inverse_sqrt": lambda step, total: (1 + step) ** -0.5}


class PlateauByEma(LRScheduler):
    def __init__(self, optimizer, factor=0.5, patience=50):
        self.factor, self.patience, self.best, self.bad, self.scale = factor, patience, float("inf"), 0, 1.0
        super().__init__(optimizer)

    def observe(self, loss):
        self.best, self.bad = (loss, 0) if loss < self.best else (self.best, self.bad + 1)
        if self.bad > self.patience:
            self.scale, self.bad = self.scale * self.factor, 0

    def get_lr(self):
        return [base * self.scale for base in self.base_lrs]


def train(ctx):
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    model = ctx.build_model()
    kind = os.getenv("SCHEDULE", "trapezoid")
    total = ctx.token_budget // 2048
    optimizer = torch.optim.NAdam(model.parameters(), lr=2e-3)
    scheduler = LambdaLR(optimizer, partial(SCHEDULES[kind], total=total))
    began, records = time.perf_counter(), []
    for step, batch in enumerate(ctx.iter_train_batches(model, batch_size=8, seq_len=256)):
        loss = torch.nn.functional.cross_entropy(
            model(batch.tokens[:, :-1]).flatten(0, 1), batch.tokens[:, 1:].flatten()
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 100 == 0:
            record = dict(step=step, loss=loss.item(), seconds=time.perf_counter() - began)
            records.append(record)
            log.info("%s", json.dumps(record))
    with open(os.path.join(ctx.artifacts_dir, "records.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(record) + "\n" for record in records)
