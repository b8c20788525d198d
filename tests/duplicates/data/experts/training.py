import torch
import torch.nn.functional as F
from prism_challenge.evaluator.interface import TrainingRecipe


def get_recipe(ctx):
    return TrainingRecipe(learning_rate=1.5e-3, batch_size=8, weight_decay=0.05, final_fraction=0.05)


def train_step(model, batch, optimizer, ctx):
    model.train()
    micro = batch.tokens.chunk(2)
    optimizer.zero_grad(set_to_none=True)
    for rows in micro:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=False):
            logits = model(rows[:, :-1]).float()
            loss = F.cross_entropy(logits.permute(0, 2, 1), rows[:, 1:], label_smoothing=0.01)
        (loss * len(rows) / len(batch.tokens)).backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    if torch.isfinite(norm):
        optimizer.step()
