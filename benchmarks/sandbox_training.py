"""What `benchmarks.sandbox` measures: a role that trains a small transformer and tells its time and loss."""

import time

import torch
from torch import nn
from torch.nn import functional as F

from evaluations.runner.wire import Channel

VOCABULARY, WIDTH, ROWS, LENGTH = 256, 128, 8, 128


def main(channel: Channel, slot_fd: int) -> int:
    """Train as many steps as ordered; answer {cpu_seconds, wall_seconds, loss} with the loss as exact hex."""
    steps = int(channel.receive().header["steps"])
    torch.set_num_threads(1)
    torch.manual_seed(1337)
    model = nn.ModuleDict(
        {
            "embed": nn.Embedding(VOCABULARY, WIDTH),
            "blocks": nn.TransformerEncoder(_block(), 2, enable_nested_tensor=False),
            "head": nn.Linear(WIDTH, VOCABULARY),
        }
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    _train(model, optimizer, 3)  # buffers, kernels and caches are made before the clock runs
    cpu, wall = time.process_time(), time.monotonic()
    loss = _train(model, optimizer, steps)
    seconds = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.monotonic() - wall}
    channel.send({"type": "trained", "loss": loss.hex(), **seconds})
    return 0


def _block() -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True)


def _train(model: nn.ModuleDict, optimizer: torch.optim.Optimizer, steps: int) -> float:
    mask = nn.Transformer.generate_square_subsequent_mask(LENGTH - 1)
    loss = torch.zeros(())
    for _ in range(steps):
        tokens_BxT = torch.randint(0, VOCABULARY, (ROWS, LENGTH))
        hidden = model["blocks"](model["embed"](tokens_BxT[:, :-1]), mask=mask, is_causal=True)
        loss = F.cross_entropy(model["head"](hidden).flatten(0, 1), tokens_BxT[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(loss.detach())
