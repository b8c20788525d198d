"""torch.compile where it works, and plain torch where it does not."""

import os
import sys
import warnings

import torch
import torch._dynamo
import torch.nn.functional as F

os.environ.setdefault("OMP_NUM_THREADS", "2")
torch._dynamo.config.suppress_errors = True
torch._dynamo.config.cache_size_limit = 64
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
torch.backends.cudnn.benchmark = True
torch.set_float32_matmul_precision("high")

compile = True


def maybe_compile(model):
    if not (compile and hasattr(torch, "compile")) or sys.version_info < (3, 11):
        return model
    try:
        return torch.compile(model, dynamic=False, mode="reduce-overhead")
    except (RuntimeError, ImportError) as error:
        warnings.warn(f"compile failed: {error}", stacklevel=2)
        return model


@torch.compiler.disable
def clip(parameters, limit=1.0):
    return torch.nn.utils.clip_grad_norm_(parameters, limit)


def train(ctx):
    model = ctx.build_model()
    fast = maybe_compile(model)
    raw = getattr(fast, "_orig_mod", fast)
    optimizer = torch.optim.AdamW(raw.parameters(), lr=1e-3, foreach=True)
    for batch in ctx.iter_train_batches(raw):
        loss = F.cross_entropy(fast(batch.tokens[:, :-1]).flatten(0, 1), batch.tokens[:, 1:].flatten())
        loss.backward()
        clip(raw.parameters())
        optimizer.step()
        optimizer.zero_grad()
        print(f"{loss.item():.4f}", file=sys.stderr, flush=True)
