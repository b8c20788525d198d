"""Messages between the referee and a child: a JSON header and raw bytes over one socket pair. No pickle."""

import json
import select
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from evaluations.runner.constants import HEADER_CAP_BYTES

PREFIX = struct.Struct(">IQ")  # bytes of the header, bytes of the body
PIECE_BYTES = 1 << 20


class WireError(Exception):
    """The other side sent something that is no message."""

    code = "wire_error"


class PeerGone(WireError):
    """The other side closed its end."""

    code = "peer_gone"


class DeadlinePassed(WireError):
    """The other side did not send or take a whole message in time."""

    code = "deadline_passed"


@dataclass(frozen=True)
class Message:
    """A header (its `type` says which message this is) and raw bytes."""

    header: dict[str, Any]
    body: bytes = b""

    @property
    def type(self) -> str:
        """Which message this is."""
        return str(self.header.get("type", ""))


class Channel:
    """One end of a socket pair. A deadline is a time of the monotonic clock; None waits for ever."""

    def __init__(self, end: socket.socket, *, body_cap: int) -> None:
        self.socket = end
        self.body_cap = body_cap
        end.setblocking(False)

    def fileno(self) -> int:
        """For `select`."""
        return self.socket.fileno()

    def send(self, header: dict[str, Any], body: bytes = b"", *, deadline: float | None = None) -> None:
        """Send one message whole; raise `PeerGone` or `DeadlinePassed`."""
        text = json.dumps(header).encode()
        view = memoryview(PREFIX.pack(len(text), len(body)) + text + body)
        while view:
            self._wait(deadline, writing=True)
            try:
                view = view[self.socket.send(view[:PIECE_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise PeerGone(str(error)) from error

    def receive(self, *, deadline: float | None = None) -> Message:
        """Take one message whole; raise `PeerGone`, `DeadlinePassed` or `WireError`."""
        header_bytes, body_bytes = PREFIX.unpack(self._read(PREFIX.size, deadline))
        if header_bytes > HEADER_CAP_BYTES or body_bytes > self.body_cap:
            raise WireError(f"a message of {header_bytes} + {body_bytes} bytes is over the cap")
        text = self._read(header_bytes, deadline)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WireError("the header is not JSON") from error
        if not isinstance(header, dict):
            raise WireError("the header is not an object")
        return Message(header, self._read(body_bytes, deadline))

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _read(self, count: int, deadline: float | None) -> bytes:
        parts: list[bytes] = []
        while count:
            self._wait(deadline, writing=False)
            try:
                part = self.socket.recv(min(count, PIECE_BYTES))
            except BlockingIOError:
                continue
            except OSError as error:
                raise PeerGone(str(error)) from error
            if not part:
                raise PeerGone("the other side closed its end")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, deadline: float | None, *, writing: bool) -> None:
        seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
        readers, writers = ([], [self.socket]) if writing else ([self.socket], [])
        if select.select(readers, writers, [], seconds) == ([], [], []):
            raise DeadlinePassed("no whole message in time")


def readable(channels: list[Channel], deadline: float | None) -> list[Channel]:
    """Those of `channels` with something to read; empty when the deadline passes first."""
    seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
    return select.select(channels, [], [], seconds)[0]
