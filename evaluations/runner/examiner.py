"""The examiner: a process that only looks inside the model, under committed weights and on revealed text.

It is a stranger to the processes that are scored: nothing that a model does when it is examined can reach
them, and nothing that happens to it here, however it ends, ends the run.
"""

import traceback
from typing import Any

import numpy as np
import torch

from evaluations.runner import child, diagnostics, exhaustion, weights
from evaluations.runner.findings import RAISED
from evaluations.runner.hooks import Hooks
from evaluations.runner.predictor import Predictor, hook_modules
from evaluations.runner.slot import lay_out
from evaluations.runner.wire import Channel, Message

SEED = 0  # of the random state before every look


def main(channel: Channel, slot_fd: int) -> int:
    """Entry point, once this process is closed in."""
    return child.main(channel, slot_fd, serve)


def serve(channel: Channel, slot_fd: int) -> None:
    """Build the model, then load and look as ordered; a look that fails is answered with its code."""
    order = channel.receive().header
    child.deterministic(order["threads"])
    build = child.open_architecture(order)
    ctx = child.context(order, build, None)
    predictor = Predictor(ctx.build_model(), ctx, Hooks(hook_modules(order)))
    layout = lay_out(channel.receive().header["layout"])
    memory = weights.readable_map(slot_fd, layout)
    while (message := channel.receive()).type != "end":
        try:
            weights.load(predictor.model, layout, memory)
            channel.send({"type": "findings", **look(predictor, message)})
        except Exception as error:
            traceback.print_exc()
            channel.send({"type": "findings", "error": exhaustion.code_of(error) or RAISED})
        torch.cuda.empty_cache()  # what training may need; nothing where no GPU was used


def look(predictor: Predictor, message: Message) -> dict[str, Any]:
    """What `diagnostics.measure` finds on the windows of a message."""
    torch.manual_seed(SEED)
    flat = torch.from_numpy(np.frombuffer(message.body, dtype=np.int32).astype(np.int64))
    window_BxT = flat.view(message.header["shape"]).to(predictor.ctx.device)
    # cuDNN's recurrent layers have no backward in evaluation mode.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        return diagnostics.measure(predictor.model, predictor.logits, window_BxT)
