"""Automatic mixed precision with a gradient scaler, and memory that is given back."""

import gc
from collections import defaultdict, deque

import torch
import torch.nn.functional as F
from torch.amp import GradScaler, autocast


def train(ctx):
    device = torch.device(ctx.device)
    model = ctx.build_model().to(device)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(ctx.precision, torch.float32)
    scaler = GradScaler(device.type, enabled=dtype is torch.float16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4, fused=device.type == "cuda")
    window, sums = deque(maxlen=50), defaultdict(float)
    gc.disable()
    for step, batch in enumerate(ctx.iter_train_batches(model)):
        tokens = batch.tokens.to(device, non_blocking=True)
        with autocast(device.type, dtype=dtype, enabled=dtype is not torch.float32):
            logits = model(tokens[:, :-1])
            loss = F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=False)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        window.append(loss.item())
        sums["norm"] += float(norm)
        if step % 200 == 199:
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.synchronize()
            ctx.log(step=step, loss=sum(window) / len(window), norm=sums.pop("norm") / 200)
