"""Where the ranks of a learner meet: the process group is opened by our own code, before the walls close.

gloo opens its connections when the group is made, over the loopback interface, and starts its threads then.
Here that happens behind Landlock's rules on files and before the filter of system calls, which then takes
those threads in. After that no socket can be made, connected or listened on, and none listens any more: what
is left are connections between the ranks. No submitted line has run until then.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from evaluations.runner.sandbox import descriptors
from evaluations.runner.sandbox.errors import SandboxUnavailable

HOST = "127.0.0.1"
INTERFACE = "lo"
ALONE = "alone"  # in the place of a meeting
BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}


class GroupFixed(Exception):
    """Another process group was asked for than the one that was opened before the walls closed."""

    code = "process_group_fixed"


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """One rank's part: who it is, and where the others wait."""

    rank: int
    world_size: int
    port: int  # where rank 0 keeps the store, on the loopback interface
    device: str  # cpu or cuda
    seconds: float  # a collective may take at most
    listener: int | None = None  # rank 0's listening socket, made by the referee

    def to_json(self) -> str:
        """The text of a meeting."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Meeting":
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def environment(self) -> dict[str, str]:
        """What scripts for several ranks look up, and what makes the libraries open all they need at once."""
        return {
            "RANK": str(self.rank),
            "LOCAL_RANK": str(self.rank),
            "WORLD_SIZE": str(self.world_size),
            "LOCAL_WORLD_SIZE": str(self.world_size),
            "MASTER_ADDR": HOST,
            "MASTER_PORT": str(self.port),
            "GLOO_SOCKET_IFNAME": INTERFACE,
            "NCCL_SOCKET_IFNAME": INTERFACE,
            "NCCL_IB_DISABLE": "1",
            "NCCL_RUNTIME_CONNECT": "0",
            "NCCL_CUMEM_ENABLE": "0",  # would hand over memory by named sockets
            "NCCL_SHM_DISABLE": "1",  # would share files
            "UV_USE_IO_URING": "0",
            "TORCH_CPP_LOG_LEVEL": "ERROR",
        }


def meet(meeting: Meeting) -> None:
    """Open the process group of this rank, use it once, and stop listening; raise `SandboxUnavailable`."""
    try:
        _open_group(meeting)
    except (OSError, RuntimeError) as error:
        raise SandboxUnavailable(f"rank {meeting.rank} did not meet the others: {error}") from error


def _open_group(meeting: Meeting) -> None:
    import torch
    import torch.distributed as dist
    from torch._C._distributed_c10d import TCPStore

    patience = timedelta(seconds=meeting.seconds)
    store = TCPStore(
        HOST,
        meeting.port,
        meeting.world_size,
        is_master=meeting.rank == 0,
        timeout=patience,
        wait_for_workers=False,
        master_listen_fd=meeting.listener,
        use_libuv=False,  # libuv opens a ring of io_uring
    )
    device = torch.device("cuda", meeting.rank) if meeting.device == "cuda" else None
    if device is not None:
        torch.cuda.set_device(device)
    dist.init_process_group(
        BACKENDS[meeting.device],
        store=store,
        rank=meeting.rank,
        world_size=meeting.world_size,
        timeout=patience,
        device_id=device,
    )
    dist.all_reduce(torch.ones(1))
    if device is not None:
        dist.all_reduce(torch.ones(1, device=device))
        torch.cuda.synchronize(device)
    dist.barrier()
    _stop_listening()
    store.set(f"rank {meeting.rank} has met", "")  # so that the store's thread looks at its sockets anew
    _keep_to_this_group(dist, meeting.world_size)


def _stop_listening() -> None:
    """Put a counter that nobody raises in the place of every listening socket: who owns it waits for ever."""
    for number in descriptors.numbers():
        if descriptors.listens(number):
            silent = os.eventfd(0)
            os.dup2(silent, number, inheritable=False)
            os.close(silent)


def _keep_to_this_group(dist: Any, world_size: int) -> None:
    """Whoever opens the group again gets the one there is; another needs connections that cannot be made."""

    def init_process_group(backend: Any = None, init_method: Any = None, **options: Any) -> None:
        """The process group is open already: nothing is left to do."""
        asked = options.get("world_size", -1)
        if asked not in (-1, None, world_size):
            raise GroupFixed(f"the process group has {world_size} ranks, not {asked}")

    def new_group(ranks: Any = None, **options: Any) -> Any:
        """The group of all ranks; any other is refused."""
        if ranks is not None and sorted(ranks) != list(range(world_size)):
            raise GroupFixed("only the group of all ranks exists: no connection can be opened any more")
        return dist.group.WORLD

    for module in (dist, dist.distributed_c10d):
        module.init_process_group, module.new_group = init_process_group, new_group
