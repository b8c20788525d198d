import math

import torch
from torch.nn import functional as F

learning_rate, min_lr = 1e-3, 1e-4
warmup_iters, grad_clip, weight_decay = 100, 1.0, 0.1


def get_lr(it, max_iters):
    if it < warmup_iters:
        return learning_rate * (it + 1) / (warmup_iters + 1)
    if it > max_iters:
        return min_lr
    decay_ratio = (it - warmup_iters) / max(1, max_iters - warmup_iters)
    coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
    return min_lr + coeff * (learning_rate - min_lr)


def make_optimizer(model):
    params = {name: p for name, p in model.named_parameters() if p.requires_grad}
    decay = [p for p in params.values() if p.dim() >= 2]
    nodecay = [p for p in params.values() if p.dim() < 2]
    groups = [
        {"params": decay, "weight_decay": weight_decay},
        {"params": nodecay, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.99))


def train(ctx):
    model = ctx.build_model()
    model.train()
    optimizer = make_optimizer(model)
    max_iters = ctx.token_budget // (8 * ctx.sequence_length)
    for iter_num, batch in enumerate(ctx.iter_train_batches(model, batch_size=8)):
        lr = get_lr(iter_num, max_iters)
        for param_group in optimizer.param_groups:
            param_group["lr"] = lr
        x, y = batch.tokens[:, :-1], batch.tokens[:, 1:]
        logits = model(x)
        loss = F.cross_entropy(logits.reshape(-1, logits.size(-1)), y.reshape(-1), ignore_index=-1)
        loss.backward()
        if grad_clip != 0.0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if iter_num % 50 == 0:
            ctx.log(iter=iter_num, loss=loss.item(), lr=lr)
