"""Talking to anybody: every family of sockets, and the ways to a destination that are no connect call."""

import ctypes
import os
import socket
from collections.abc import Callable

from evaluations.runner.sandbox.kernel import syscall
from evaluations.sandbox_attacks.attack import Arena, Attack, expect

MSG_FASTOPEN, IPPROTO_MPTCP, IPPROTO_SCTP, AF_ALG, AF_VSOCK, AF_KEY = 0x20000000, 262, 132, 38, 40, 15
LOOPBACK = "127.0.0.1"
STREAM, DATAGRAM, RAW = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
FAMILIES: dict[str, tuple[int, int, int]] = {
    "TCP": (socket.AF_INET, STREAM, 0),
    "TCP over IPv6": (socket.AF_INET6, STREAM, 0),
    "multipath TCP": (socket.AF_INET, STREAM, IPPROTO_MPTCP),
    "SCTP": (socket.AF_INET, STREAM, IPPROTO_SCTP),
    "UDP": (socket.AF_INET, DATAGRAM, 0),
    "UDP over IPv6": (socket.AF_INET6, DATAGRAM, 0),
    "ICMP": (socket.AF_INET, DATAGRAM, socket.IPPROTO_ICMP),
    "raw IP": (socket.AF_INET, RAW, socket.IPPROTO_RAW),
    "raw packets": (socket.AF_PACKET, RAW, 0),
    "routing netlink": (socket.AF_NETLINK, RAW, 0),
    "audit netlink": (socket.AF_NETLINK, RAW, 9),
    "connector netlink": (socket.AF_NETLINK, DATAGRAM, 11),
    "event netlink": (socket.AF_NETLINK, RAW, 15),
    "generic netlink": (socket.AF_NETLINK, RAW, 16),
    "virtual machine sockets": (AF_VSOCK, STREAM, 0),
    "kernel cryptography": (AF_ALG, socket.SOCK_SEQPACKET, 0),
    "key management": (AF_KEY, RAW, 2),
    "controller area network": (socket.AF_CAN, RAW, 1),
    "UNIX stream": (socket.AF_UNIX, STREAM, 0),
    "UNIX datagram": (socket.AF_UNIX, DATAGRAM, 0),
    "UNIX packets": (socket.AF_UNIX, socket.SOCK_SEQPACKET, 0),
}


def _opening(family: int, kind: int, protocol: int) -> Callable[[Arena], object]:
    return lambda a: socket.socket(family, kind, protocol).close()


def _connect_tcp(a: Arena) -> None:
    socket.create_connection((LOOPBACK, a.victim_port), timeout=2).close()


def _fast_open(a: Arena) -> None:
    socket.socket().sendto(b"x", MSG_FASTOPEN, (LOOPBACK, a.victim_port))


def _multipath(a: Arena) -> None:
    end = socket.socket(socket.AF_INET, STREAM, IPPROTO_MPTCP)
    end.settimeout(2)
    end.connect((LOOPBACK, a.victim_port))


def _listen(a: Arena) -> None:
    end = socket.socket()
    end.bind((LOOPBACK, 0))
    end.listen()


def _send_udp(a: Arena) -> None:
    socket.socket(socket.AF_INET, DATAGRAM).sendto(b"x", (LOOPBACK, a.victim_port))


def _connect_udp(a: Arena) -> None:
    end = socket.socket(socket.AF_INET, DATAGRAM)
    end.connect((LOOPBACK, a.victim_port))
    end.send(b"x")


def _connect_unix(path: str) -> None:
    end = socket.socket(socket.AF_UNIX)
    end.settimeout(2)
    end.connect(path)


def _send_unix(a: Arena) -> None:
    socket.socket(socket.AF_UNIX, DATAGRAM).sendto(b"x", a.unix_datagram)


def _bind_abstract(a: Arena) -> None:
    socket.socket(socket.AF_UNIX).bind(f"\0{a.abstract}.mine")


def _redirected_pair(a: Arena) -> None:
    """A datagram pair is two sockets: one can be connected to somebody else's path."""
    end, _ = socket.socketpair(socket.AF_UNIX, DATAGRAM)
    end.connect(a.unix_datagram)
    end.send(b"x")


def _addressed_pair(a: Arena) -> None:
    end, _ = socket.socketpair(socket.AF_UNIX, DATAGRAM)
    end.sendto(b"x", a.unix_datagram)


def _packet_pair(a: Arena) -> None:
    socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _pass_descriptor(a: Arena) -> None:
    end, other = socket.socketpair()
    socket.send_fds(end, [b"x"], [0])
    expect(socket.recv_fds(other, 1, 1)[1])


def _redirect_channel(a: Arena) -> None:
    """Dissolve an inherited stream socket and connect it anew."""
    number = os.dup(a.descriptors[0])
    address = ctypes.create_string_buffer(b"\x00\x00" + bytes(14))
    try:
        syscall("connect", number, address, 16)
    except OSError as error:
        if error.errno == 1:
            raise


def _look_up_name(a: Arena) -> None:
    """By the C library's resolver, as far as its socket."""
    import struct

    query = struct.pack(">6H", 1, 256, 1, 0, 0, 0) + b"\x04test\x00\x00\x01\x00\x01"
    socket.socket(socket.AF_INET, DATAGRAM).sendto(query, (LOOPBACK, a.victim_port))


def _old_call(a: Arena) -> None:
    """`int 0x80` enters the 32-bit table, where numbers mean other calls: socketcall is 102."""
    import mmap

    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # mov eax, 20 (getpid of the 32-bit table); int 0x80; ret
    code.write(bytes.fromhex("b814000000cd80c3"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    expect(ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid())


TRICKS: dict[str, Callable[[Arena], object]] = {
    "connect by TCP": _connect_tcp,
    "connect by TCP Fast Open": _fast_open,
    "connect by multipath TCP": _multipath,
    "listen on a TCP port": _listen,
    "send by UDP": _send_udp,
    "connect by UDP": _connect_udp,
    "ask a name server": _look_up_name,
    "connect to a socket file": lambda a: _connect_unix(a.unix_stream),
    "send to a socket file": _send_unix,
    "connect to an abstract socket": lambda a: _connect_unix(f"\0{a.abstract}"),
    "bind an abstract socket": _bind_abstract,
    "a datagram pair connected anew": _redirected_pair,
    "a datagram pair with an address": _addressed_pair,
    "a pair of packets": _packet_pair,
    "pass a descriptor": _pass_descriptor,
    "connect the channel anew": _redirect_channel,
    "the 32-bit table of system calls": _old_call,
}

ATTACKS = [
    *(Attack("network", f"socket of {name}", _opening(*s)) for name, s in FAMILIES.items()),
    *(Attack("network", name, attempt) for name, attempt in TRICKS.items()),
]
