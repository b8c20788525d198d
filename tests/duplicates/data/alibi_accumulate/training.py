import itertools
import math

import torch
from torch.nn import functional as F

PEAK, ACCUMULATE = 6e-4, 4


def cosine(step, total, warm=50):
    if step < warm:
        return PEAK * step / warm
    return PEAK * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))


def groups(stream, size):
    while bunch := list(itertools.islice(stream, size)):
        yield bunch


def train(ctx):
    torch.set_float32_matmul_precision("high")
    model = ctx.build_model().to(ctx.device)
    opt = torch.optim.AdamW(model.parameters(), lr=PEAK, betas=(0.9, 0.95), eps=1e-8)
    total = ctx.token_budget // (2 * ACCUMULATE * ctx.sequence_length)
    batches = iter(ctx.iter_train_batches(model, batch_size=2))
    for step, bunch in enumerate(groups(batches, ACCUMULATE)):
        opt.param_groups[0]["lr"] = cosine(step, total)
        opt.zero_grad(set_to_none=True)
        for batch in bunch:
            x = batch.tokens[:, :-1].contiguous()
            y = batch.tokens[:, 1:].contiguous()
            loss = F.cross_entropy(model(x).view(-1, ctx.vocab_size), y.view(-1))
            (loss / len(bunch)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
