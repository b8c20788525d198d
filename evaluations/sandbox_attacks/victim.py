"""A process of the same user with something to lose: a secret in its memory and environment, open doors."""

import ctypes
import os
import select
import signal
import socket
import sys

SECRET = ctypes.create_string_buffer(b"secret")


def main(argv: list[str]) -> int:
    """Listen on a free port and on the named sockets until standard input closes."""
    stream, datagram, abstract = argv
    signal.signal(signal.SIGURG, signal.SIG_IGN)
    tcp, udp = _internet()
    doors: list[socket.socket] = [
        tcp,
        udp,
        _unix(stream, socket.SOCK_STREAM),
        _unix(datagram, socket.SOCK_DGRAM),
    ]
    doors.append(_unix(f"\0{abstract}", socket.SOCK_STREAM))
    print(tcp.getsockname()[1], ctypes.addressof(SECRET), flush=True)
    while True:
        ready, _, _ = select.select([*doors, sys.stdin], [], [])
        if sys.stdin in ready:
            return 0
        for door in doors:
            if door in ready:
                _take(door)


def _internet() -> tuple[socket.socket, socket.socket]:
    while True:
        tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        try:
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        except OSError:
            continue  # that number is somebody's for UDP
        return tcp, udp


def _unix(path: str, kind: int) -> socket.socket:
    end = socket.socket(socket.AF_UNIX, kind)
    end.bind(path)
    if kind == socket.SOCK_STREAM:
        end.listen()
    return end


def _take(door: socket.socket) -> None:
    if door.type == socket.SOCK_STREAM:
        door.accept()[0].close()
    else:
        os.read(door.fileno(), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
