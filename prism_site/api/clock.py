"""An end to reading from a sender that does not finish (RFC 9110, 15.5.9)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RD, socket


def start_clock(sock: socket, seconds: float) -> threading.Timer:
    """A clock that ends reading from `sock` when it has run: what was to come then never comes."""
    clock = threading.Timer(seconds, _stop_reading, (sock,))
    clock.daemon = True
    clock.start()
    return clock


@contextmanager
def reading_within(sock: socket | None, seconds: float) -> Iterator[None]:
    """Run the clock for a block; without a socket there is nothing to end."""
    clock = start_clock(sock, seconds) if sock is not None else None
    try:
        yield
    finally:
        if clock is not None:
            clock.cancel()


def _stop_reading(sock: socket) -> None:
    with suppress(OSError):  # it may have gone by itself
        sock.shutdown(SHUT_RD)
