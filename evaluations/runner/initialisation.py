"""Is the initialisation random? What two seeds leave alike was either written by hand or made elsewhere."""

import zlib

import torch
from torch import Tensor, nn

SMALLEST_ELEMENTS = 64  # smaller tensors carry no knowledge worth the name
COMPRESSED_SHARE = 0.05  # constants and repeated patterns compress to less
PREDICTED_SHARE = 1e-4  # of the energy that a recurrence of order two leaves in ramps, sinusoids, decays


def seed_invariant(one: nn.Module, other: nn.Module) -> list[str]:
    """Names of the parameters that two seeds initialise alike although they hold information."""
    others = dict(other.named_parameters())
    return [
        name
        for name, value in one.named_parameters()
        if value.numel() >= SMALLEST_ELEMENTS
        and name in others
        and torch.equal(value, others[name])
        and not is_low_entropy(value.detach())
    ]


def is_low_entropy(value: Tensor) -> bool:
    """Whether a tensor follows a simple rule: constant, repeated, a ramp, a sinusoid, a geometric decay."""
    raw = value.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    if len(zlib.compress(raw, 6)) < COMPRESSED_SHARE * len(raw):
        return True
    return any(_follows_recurrence(value.double(), axis) for axis in range(value.dim()))


def _follows_recurrence(value: Tensor, axis: int) -> bool:
    """Whether x[t+1] = a x[t] + b x[t-1] + c along `axis`, with coefficients of its own in each line."""
    lines_LxT = value.movedim(axis, -1).reshape(-1, value.shape[axis])
    length = lines_LxT.shape[1]
    if length < 8:  # three coefficients fit anything short
        return False
    now, before, after = lines_LxT[:, 1:-1], lines_LxT[:, :-2], lines_LxT[:, 2:]
    design_LxTx3 = torch.stack([now, before, torch.ones_like(now)], dim=-1)
    fitted = torch.linalg.lstsq(design_LxTx3, after[..., None], driver="gelsd").solution
    left = (after - (design_LxTx3 @ fitted)[..., 0]).square().sum()
    return bool(left <= PREDICTED_SHARE * (after - after.mean(1, keepdim=True)).square().sum() + 1e-12)
