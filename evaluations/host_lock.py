"""One launch at a time on one host: slots are counted per host, so a lock of the host is what guards them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from prism_site.config import env


@contextmanager
def launch_lock() -> Iterator[bool]:
    """Give whether this process may launch now. The kernel lets go of the lock when its holder dies."""
    env().var_dir.mkdir(parents=True, exist_ok=True)
    with (env().var_dir / "launch.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
