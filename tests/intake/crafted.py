"""ZIP archives made byte by byte, so that each can tell exactly one lie."""

import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from evaluations.intake.archive import ArchiveLimits

LIMITS = ArchiveLimits(max_zip_bytes=4_000_000, max_files=50, max_total_bytes=2_000_000)

PLAIN = 0o100644
CONTRACT = {"architecture.py": b"x = 1\n", "training.py": b"y = 2\n"}


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


@dataclass(frozen=True)
class Member:
    """One record; `local` and `central` replace fields of one header only."""

    name: bytes = b"a.py"
    data: bytes = b"x = 1\n"
    method: int = 8
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    flags: int = 0
    version: int = 20
    mode: int = PLAIN
    attributes: int = 0
    extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    before: bytes = b""
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflate(self.data) if self.method == 8 else self.data

    def fields(self, side: dict[str, Any]) -> dict[str, Any]:
        told = {
            "name": self.name,
            "version": self.version,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.data) if self.crc is None else self.crc,
            "packed": len(self.body),
            "size": len(self.data) if self.size is None else self.size,
            "extra": self.extra,
            "offset": None,
        }
        return told | side

    def local_record(self) -> bytes:
        f = self.fields(self.local)
        head = struct.pack(
            "<4s5H3I",
            b"PK\3\4",
            f["version"],
            f["flags"],
            f["method"],
            0,
            33,
            f["crc"],
            f["packed"],
            f["size"],
        )
        return (
            self.before
            + head
            + struct.pack("<2H", len(f["name"]), len(f["extra"]))
            + f["name"]
            + f["extra"]
            + self.body
        )

    def central_record(self, offset: int) -> bytes:
        f = self.fields(self.central)
        at = offset + len(self.before) if f["offset"] is None else f["offset"]
        head = struct.pack(
            "<4s6H3I",
            b"PK\1\2",
            0x0314,
            f["version"],
            f["flags"],
            f["method"],
            0,
            33,
            f["crc"],
            f["packed"],
            f["size"],
        )
        tail = struct.pack(
            "<5H2I",
            len(f["name"]),
            len(f["extra"]),
            len(self.comment),
            self.disk,
            0,
            self.mode << 16 | self.attributes,
            at,
        )
        return head + tail + f["name"] + f["extra"] + self.comment


def end_record(count: int, size: int, offset: int, /, **lies: int) -> bytes:
    told = {
        "disk": 0,
        "first": 0,
        "here": count,
        "count": count,
        "size": size,
        "offset": offset,
        "comment": 0,
    } | lies
    return b"PK\5\6" + struct.pack("<4H2IH", *told.values())


def archive(*members: Member, gap: bytes = b"", **lies: int) -> bytes:
    """The archive of `members`; `lies` replace fields of the end record."""
    local, central = b"", b""
    for member in members:
        central += member.central_record(len(local))
        local += member.local_record()
    local += gap
    return local + central + end_record(len(members), len(central), len(local), **lies)


def honest(*names: bytes) -> list[Member]:
    return [replace(Member(), name=name) for name in names]
