"""What a run's precision means: where numbers may be rounded, and how far two honest answers may lie apart.

`float32`: every product in float32, without TF32. `bf16`: a forward runs under torch's autocast to bfloat16;
parameters stay what the model declares, and log p is always taken in float32 of its logits.
"""

from contextlib import AbstractContextManager, nullcontext

import torch

FLOAT32, BF16 = "float32", "bf16"
TOLERANCE_NATS = {FLOAT32: 1e-3, BF16: 2e-2}  # between two processes' log p of one token


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """The context that a forward runs in."""
    if precision != BF16:
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def exact_products() -> None:
    """float32 means float32 on a GPU too, and the same kernels every time."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
