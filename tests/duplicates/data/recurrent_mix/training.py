import torch
import torch.nn.functional as F


class WarmThenExponential:
    def __init__(self, optimizer, high, low, warm):
        self.optimizer, self.high, self.low, self.warm = optimizer, high, low, warm

    def at(self, share):
        if share < self.warm:
            now = self.high * share / self.warm
        else:
            now = self.high * (self.low / self.high) ** ((share - self.warm) / (1 - self.warm))
        for group in self.optimizer.param_groups:
            group["lr"] = now * group.get("scale", 1.0)


def train(ctx):
    model = ctx.build_model()
    decays = [p for n, p in model.named_parameters() if "time_decay" in n]
    firsts = [p for n, p in model.named_parameters() if "time_first" in n]
    rest = [p for n, p in model.named_parameters() if "time_" not in n]
    optimizer = torch.optim.Adam(
        [{"params": rest}, {"params": decays, "scale": 2.0}, {"params": firsts, "scale": 3.0}],
        betas=(0.9, 0.99),
        eps=1e-8,
    )
    rates = WarmThenExponential(optimizer, 3e-3, 1e-4, 0.03)
    tokens_seen = 0
    for batch in ctx.iter_train_batches(model, batch_size=6, seq_len=96):
        rates.at(tokens_seen / ctx.token_budget)
        source, target = batch.tokens[:, :-1], batch.tokens[:, 1:]
        tokens_seen += target.numel()
        out = model(source)
        loss = F.cross_entropy(out.view(-1, out.size(-1)), target.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
