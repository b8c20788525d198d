"""Loop style on whole chunks: the training code cuts its own rows and looks at each chunk twice."""

import torch
import torch.nn.functional as F

PASSES, ROWS = 2, 8


def rows_of(tokens, length):
    usable = (len(tokens) - 1) // length * length
    return tokens[:usable].view(-1, length), tokens[1 : usable + 1].view(-1, length)


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for chunk in ctx.stream(model):
        inputs, targets = rows_of(chunk.tokens, ctx.sequence_length - 1)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - 0.9 * chunk.stream_bytes / ctx.byte_budget)
        for _ in range(PASSES):
            for start in range(0, len(inputs), ROWS):
                logits = model(inputs[start : start + ROWS])
                loss = F.cross_entropy(logits.flatten(0, 1), targets[start : start + ROWS].flatten())
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
        ctx.log(chunk=chunk.index, loss=round(loss.item(), 4))
