"""A slot whose pages a GPU can copy into by itself.

Only the learner's mapping is pinned. A predictor maps its sealed slot privately, and pinning a private
mapping gives it pages of its own, which the referee's next copy would never reach.
"""

import ctypes
import mmap

import torch

SUCCESS = 0  # cudaSuccess


def pin(memory: mmap.mmap) -> bool:
    """Register a shared mapping with CUDA, so that commits go at the bus's full speed; whether it could be.

    Where it could not, or where there is no GPU, copies go through CUDA's own pinned buffer and are the same.
    """
    if not torch.cuda.is_available():
        return False
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    runtime = torch.cuda.cudart()  # type: ignore[no-untyped-call]
    return int(runtime.cudaHostRegister(address, len(memory), 0)) == SUCCESS
