"""What both children do before and after their own work: close in, read orders, report failure."""

import ctypes
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from evaluations.runner import loading
from evaluations.runner.constants import TRACEBACK_CAP_CHARS
from evaluations.runner.context import Door, PrismContext
from evaluations.runner.wire import Channel, PeerGone

PR_SET_PDEATHSIG = 1
ORDER_BODY_CAP_BYTES = 1 << 32


def main(argv: list[str], serve: Callable[[Channel, int], None]) -> int:
    """Entry point of a child process: `argv` holds the numbers of its socket and of its slot."""
    channel_fd, slot_fd, parent = (int(value) for value in argv)
    die_with_parent(parent)
    channel = Channel(socket.socket(fileno=channel_fd), body_cap=ORDER_BODY_CAP_BYTES)
    try:
        serve(channel, slot_fd)
    except PeerGone:
        return 1
    except BaseException as error:
        report(channel, error)
        return 1
    return 0


def die_with_parent(parent: int) -> None:
    """Never outlive the referee, whatever kills it; leave no core file with text or weights in it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def report(channel: Channel, error: BaseException) -> None:
    """Tell the referee what went wrong, with the miner's own traceback."""
    text = "".join(traceback.format_exception(error))[-TRACEBACK_CAP_CHARS:]
    code = getattr(error, "code", "")
    header = {"type": "error", "code": code if isinstance(code, str) else "", "traceback": text}
    channel.send({**header, "message": f"{type(error).__name__}: {error}"[:2000]})


def deterministic(threads: int) -> None:
    """Same inputs, same bits: on one machine a run can be repeated exactly."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)


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
