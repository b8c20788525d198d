import torch
from torch.nn import functional as F

learning_rate = 3e-4
batch_size = 4


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    model.train()
    for i, batch in enumerate(ctx.iter_train_batches(model, batch_size=batch_size)):
        xb, yb = batch.tokens[:, :-1], batch.tokens[:, 1:]
        logits = model(xb)
        B, T, C = logits.shape
        loss = F.cross_entropy(logits.view(B * T, C), yb.reshape(B * T))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if i % 100 == 0:
            print(f"step {i}: train loss {loss.item():.4f}")
