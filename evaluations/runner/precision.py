"""What a run's precision means: where numbers may be rounded.

`float32`: every product in float32, without TF32. `bf16`: a forward runs under torch's autocast to bfloat16;
parameters stay what the model declares, and log p is always taken in float32 of its logits.
"""

from contextlib import AbstractContextManager, nullcontext

import torch

from evaluations.runner.constants import BF16


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
