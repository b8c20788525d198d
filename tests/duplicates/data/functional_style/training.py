import torch
from torch.optim.lr_scheduler import LambdaLR

BATCH = 4


class Average:
    """An exponential moving average of the weights, swapped in at the end."""

    def __init__(self, model, keep=0.995):
        self.keep = keep
        self.shadow = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model):
        torch._foreach_lerp_(self.shadow, list(model.parameters()), 1 - self.keep)

    @torch.no_grad()
    def swap(self, model):
        for mine, theirs in zip(self.shadow, model.parameters(), strict=True):
            theirs.copy_(mine)


def train(ctx):
    torch.manual_seed(ctx.seed)
    model = ctx.build_model()
    average = Average(model)
    steps = max(1, ctx.token_budget // (BATCH * ctx.sequence_length))
    opt = torch.optim.AdamW(model.parameters(), 3e-3, (0.9, 0.98), weight_decay=0.02, fused=False)
    sched = LambdaLR(opt, lambda i: min(1.0, (i + 1) / 40) * max(0.02, 1 - i / steps))
    criterion = torch.nn.CrossEntropyLoss()
    running = None
    for batch in ctx.iter_train_batches(model, batch_size=BATCH, seq_len=ctx.sequence_length):
        opt.zero_grad()
        prediction = model(batch.tokens[..., :-1])
        error = criterion(prediction.movedim(-1, 1), batch.tokens[..., 1:])
        error.backward()
        opt.step()
        sched.step()
        average.update(model)
        running = error.item() if running is None else 0.98 * running + 0.02 * error.item()
    average.swap(model)
