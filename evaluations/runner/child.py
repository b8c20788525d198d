"""What both children do around their own work: read orders, report failure."""

import resource
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from evaluations.runner import exhaustion, loading, precision
from evaluations.runner.constants import TRACEBACK_CAP_CHARS
from evaluations.runner.context import Door, PrismContext
from evaluations.runner.wire import Channel, PeerGone

PEAK_UNIT_BYTES = 1024  # of ru_maxrss on Linux


def main(channel: Channel, slot_fd: int, serve: Callable[[Channel, int], None]) -> int:
    """Serve the referee to the end; give the process's exit status."""
    try:
        serve(channel, slot_fd)
    except PeerGone:
        return 1
    except BaseException as error:
        report(channel, error)
        return 1
    return 0


def report(channel: Channel, error: BaseException) -> None:
    """Tell the referee what went wrong, with the miner's own traceback."""
    traceback.clear_frames(error.__traceback__)  # where memory ran out, their variables hold it
    text = "".join(traceback.format_exception(error))[-TRACEBACK_CAP_CHARS:]
    code = getattr(error, "code", "") or exhaustion.code_of(error)
    header = {"type": "error", "code": code if isinstance(code, str) else "", "traceback": text}
    channel.send({**header, "message": f"{type(error).__name__}: {error}"[:2000]})


def deterministic(threads: int) -> None:
    """Same inputs, same bits: on one machine a run can be repeated exactly."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling fresh memory finds reads of what was never written; sound code gains nothing by it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    precision.exact_products()


def peak_memory() -> dict[str, int]:
    """The most that this process had, in bytes: of the host's memory, and of a GPU's by torch's allocator."""
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT_BYTES
    gpu = torch.cuda.max_memory_allocated() if torch.cuda.is_initialized() else 0  # type: ignore[no-untyped-call]
    return {"host_bytes": host, "gpu_bytes": gpu}


def context(
    order: dict[str, Any], build: Callable[[PrismContext], nn.Module], door: Door | None
) -> PrismContext:
    """The context of an order's numbers."""
    return PrismContext(**order["context"], _build=build, _door=door)


def open_architecture(order: dict[str, Any]) -> Callable[[PrismContext], nn.Module]:
    """Import the architecture file; give its seeded `build_model`."""
    folder = Path(order["folder"])
    entrypoints = [entry for entry in (order["architecture"], order["training"]) if entry]
    loading.prepare(folder, entrypoints)
    architecture = loading.load(folder, order["architecture"])
    return lambda ctx: loading.build_model(architecture, ctx)
