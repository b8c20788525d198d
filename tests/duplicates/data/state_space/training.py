import torch


def split_decay(model):
    with_decay, without = set(), set()
    for module_name, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            full = f"{module_name}.{name}"
            if name in ("A_log", "D", "dt_bias") or isinstance(module, torch.nn.RMSNorm):
                without.add(full)
            else:
                with_decay.add(full)
    table = dict(model.named_parameters())
    return [
        {"params": [table[n] for n in sorted(with_decay) if n in table], "weight_decay": 0.1},
        {"params": [table[n] for n in sorted(without) if n in table], "weight_decay": 0.0},
    ]


def one_cycle(step, total, peak):
    half = total * 0.3
    return peak * (step / half if step < half else max(0.0, (total - step) / (total - half)))


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.Adam(split_decay(model), lr=1.0)
    total, step = ctx.token_budget / 512, 0
    for chunk in ctx.stream(model):
        data = chunk.tokens
        for begin in range(0, data.numel() - 2, 512):
            part = data[begin : begin + 513].unsqueeze(0)
            for group in optimizer.param_groups:
                group["lr"] = one_cycle(step, total, 4e-3)
            log_probs = torch.log_softmax(model(part[:, :-1]), dim=-1)
            nll = torch.nn.functional.nll_loss(log_probs[0], part[0, 1:])
            nll.backward()
            torch.nn.utils.clip_grad_value_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
