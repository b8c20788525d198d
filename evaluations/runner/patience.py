"""How long a description may take, and whose fault it is when it takes longer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evaluations.runner.processes import Child

TIMEOUT, BUSY = "describe_timeout", "host_busy"


@contextmanager
def limited(children: list[Child], seconds: float) -> Iterator[None]:
    """Within the block, end the children when `seconds` have passed; whoever waits for them finds why."""
    timer = threading.Timer(seconds, _end, (children, seconds))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(children: list[Child], seconds: float) -> None:
    for child in children:
        worked, waited = processor_seconds(child.process.pid)
        if waited > worked:
            child.end_for(BUSY, f"in {seconds:g} s the host gave the model {worked:.1f} s of a processor")
        else:
            child.end_for(TIMEOUT, f"the model was not built and questioned within {seconds:g} s")


def processor_seconds(pid: int) -> tuple[float, float]:
    """Seconds that a process's threads ran, and seconds that they were ready and had no processor."""
    worked = waited = 0
    for thread in Path(f"/proc/{pid}/task").glob("[0-9]*/schedstat"):
        with suppress(OSError, ValueError):
            ran, ready = thread.read_text().split()[:2]
            worked, waited = worked + int(ran), waited + int(ready)
    return worked / 1e9, waited / 1e9
