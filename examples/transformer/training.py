"""Loop style: one pass over the stream with AdamW, warm-up and cosine over the share of text seen."""

import math

import torch
import torch.nn.functional as F

PEAK, WARMUP, FLOOR = 2e-3, 0.02, 0.1


def rate(share):
    if share < WARMUP:
        return PEAK * share / WARMUP
    progress = (share - WARMUP) / (1 - WARMUP)
    return PEAK * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, betas=(0.9, 0.95), weight_decay=0.05)
    seen = 0
    for batch in ctx.iter_train_batches(model, batch_size=2, seq_len=128):
        tokens = batch.tokens
        seen += tokens[:, 1:].numel()
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate(seen / ctx.token_budget)
        optimizer.step()
    ctx.log(tokens=seen, last_loss=round(loss.item(), 4))
