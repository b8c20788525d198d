"""Loop style on whole chunks: the training code cuts its own rows."""

import torch
import torch.nn.functional as F

PEAK, ROWS, LENGTH = 4e-3, 4, 128


def rows_of(tokens, length):
    usable = (len(tokens) - 1) // length * length
    return tokens[:usable].view(-1, length), tokens[1 : usable + 1].view(-1, length)


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=PEAK)
    for chunk in ctx.stream(model):
        inputs, targets = rows_of(chunk.tokens, LENGTH)
        for group in optimizer.param_groups:
            group["lr"] = PEAK * (1 - 0.9 * chunk.stream_bytes / ctx.byte_budget)
        for start in range(0, len(inputs), ROWS):
            logits = model(inputs[start : start + ROWS])
            loss = F.cross_entropy(logits.flatten(0, 1), targets[start : start + ROWS].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        ctx.log(chunk=chunk.index, loss=round(loss.item(), 4))
