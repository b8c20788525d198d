import inspect
import math

import torch
import torch.nn.functional as F

max_lr = 6e-4
min_lr = max_lr * 0.1


def get_lr(it, warmup_steps, max_steps):
    if it < warmup_steps:
        return max_lr * (it + 1) / warmup_steps
    if it > max_steps:
        return min_lr
    decay_ratio = (it - warmup_steps) / (max_steps - warmup_steps)
    assert 0 <= decay_ratio <= 1
    coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
    return min_lr + coeff * (max_lr - min_lr)


def configure(model, weight_decay, learning_rate):
    param_dict = {pn: p for pn, p in model.named_parameters()}
    param_dict = {pn: p for pn, p in param_dict.items() if p.requires_grad}
    decay_params = [p for n, p in param_dict.items() if p.dim() >= 2]
    nodecay_params = [p for n, p in param_dict.items() if p.dim() < 2]
    optim_groups = [
        {"params": decay_params, "weight_decay": weight_decay},
        {"params": nodecay_params, "weight_decay": 0.0},
    ]
    fused = "fused" in inspect.signature(torch.optim.AdamW).parameters
    return torch.optim.AdamW(
        optim_groups, lr=learning_rate, betas=(0.9, 0.95), eps=1e-8, fused=fused and torch.cuda.is_available()
    )


def train(ctx):
    model = ctx.build_model()
    optimizer = configure(model, weight_decay=0.1, learning_rate=6e-4)
    max_steps = ctx.token_budget // (4 * ctx.sequence_length)
    loss_accum, accum = 0.0, 2
    for micro_step, batch in enumerate(ctx.iter_train_batches(model, batch_size=4)):
        x, y = batch.tokens[:, :-1], batch.tokens[:, 1:]
        logits = model(x)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), y.reshape(-1))
        loss = loss / accum
        loss_accum += loss.detach()
        loss.backward()
        if (micro_step + 1) % accum:
            continue
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        lr = get_lr(micro_step, 40, max_steps)
        for param_group in optimizer.param_groups:
            param_group["lr"] = lr
        optimizer.step()
        optimizer.zero_grad()
        ctx.log(step=micro_step, loss=loss_accum.item(), lr=lr, norm=norm.item())
        loss_accum = 0.0
