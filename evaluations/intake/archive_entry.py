"""One record of the central directory: what it may say about itself.

Layout after PKWARE's APPNOTE 6.3.10: 4.3.12 (central header), 4.4.4 (flags), 4.5 (extra fields).
"""

import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from evaluations.intake.archive_names import check_name
from evaluations.intake.refusals import BundleRefused

CENTRAL = struct.Struct("<4s6H3I5H2I")
CENTRAL_SIGNATURE = b"PK\x01\x02"
STORED, DEFLATED = 0, 8

_ENCRYPTION_FLAGS = 0x0001 | 0x0040 | 0x2000
_DATA_DESCRIPTOR_FLAG = 0x0008
_HARMLESS_FLAGS = 0x0002 | 0x0004 | 0x0800  # how hard deflate tried; the name is UTF-8
_MAX_VERSION = 20
_DOS_DIRECTORY = 0x10
_SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX

_ZIP64_EXTRA, _AES_EXTRA = 0x0001, 0x9901
# Times and owners as Info-ZIP, Finder and Windows write them: kind -> lengths. Everything else could
# give the entry another name, size or meaning in another reader.
_HARMLESS_EXTRAS: Mapping[int, frozenset[int]] = {
    0x5455: frozenset({1, 5, 9, 13}),
    0x7875: frozenset({11}),
    0x7855: frozenset({0, 4}),
    0x5855: frozenset({8, 12}),
    0x000A: frozenset({32}),
}


class Header(NamedTuple):
    """The fixed part of a central header, in the order of the bytes."""

    signature: bytes
    version_made_by: int
    version_needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_bytes: int
    file_bytes: int
    name_bytes: int
    extra_bytes: int
    comment_bytes: int
    disk: int
    internal_attributes: int
    external_attributes: int
    local_at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that keeps the rules: where it stands and what it promises about its data."""

    name: str
    central_at: int
    header: Header

    @property
    def is_directory(self) -> bool:
        return self.name.endswith("/")

    @property
    def mode(self) -> int:
        """Unix mode, 0 where the writer knew none."""
        return self.header.external_attributes >> 16


def read_entry(raw: bytes, at: int, stop: int) -> tuple[Entry, int]:
    """The record at `at` and the offset of the next; `stop` is where the directory must end.

    Raises:
        BundleRefused: zip_directory_mismatch, zip_name_*, or the rule that the record breaks.
    """
    if at + CENTRAL.size > stop or raw[at : at + 4] != CENTRAL_SIGNATURE:
        raise BundleRefused("zip_directory_mismatch")
    header = Header._make(CENTRAL.unpack_from(raw, at))
    extra_at = at + CENTRAL.size + header.name_bytes
    comment_at = extra_at + header.extra_bytes
    after = comment_at + header.comment_bytes
    if after > stop:
        raise BundleRefused("zip_directory_mismatch")
    entry = Entry(check_name(raw[at + CENTRAL.size : extra_at]), at, header)
    code = _header_fault(header) or extra_fault(raw[extra_at:comment_at])
    if code:
        raise BundleRefused(code, file=entry.name)
    return entry, after


def _header_fault(header: Header) -> str | None:
    faults = (
        (0xFFFFFFFF in {header.packed_bytes, header.file_bytes, header.local_at}, "zip_zip64"),
        (header.flags & _ENCRYPTION_FLAGS, "zip_encrypted"),
        (header.flags & _DATA_DESCRIPTOR_FLAG, "zip_data_descriptor"),
        (header.flags & ~_HARMLESS_FLAGS, "zip_flags"),
        (header.method not in {STORED, DEFLATED}, "zip_method"),
        (header.version_needed > _MAX_VERSION, "zip_version"),
        (header.disk, "zip_multidisk"),
        (header.comment_bytes, "zip_entry_comment"),
    )
    return next((code for broken, code in faults if broken), None)


def extra_fault(extra: bytes) -> str | None:
    """The code of the first field of `extra` that is not accepted, else None."""
    at = 0
    while at < len(extra):
        if at + 4 > len(extra):
            return "zip_extra_malformed"
        kind, length = struct.unpack_from("<2H", extra, at)
        at += 4 + length
        if at > len(extra):
            return "zip_extra_malformed"
        if kind not in _HARMLESS_EXTRAS:
            return {_ZIP64_EXTRA: "zip_zip64", _AES_EXTRA: "zip_encrypted"}.get(kind, "zip_extra_field")
        if length not in _HARMLESS_EXTRAS[kind]:
            return "zip_extra_malformed"
    return None


def check_kind(entry: Entry) -> None:
    """Refuse what is neither a plain file nor an empty directory.

    The Unix mode counts whatever system the record claims to come from: some readers ignore the claim.

    Raises:
        BundleRefused: zip_symlink, zip_special_file, zip_directory_with_data.
    """
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        raise BundleRefused("zip_symlink", file=entry.name)
    if entry.is_directory:
        return _check_directory(entry, kind)
    marked_directory = entry.header.external_attributes & _DOS_DIRECTORY
    if kind not in {0, stat.S_IFREG} or entry.mode & _SPECIAL_BITS or marked_directory:
        raise BundleRefused("zip_special_file", file=entry.name)
    return None


def _check_directory(entry: Entry, kind: int) -> None:
    if kind not in {0, stat.S_IFDIR}:
        raise BundleRefused("zip_special_file", file=entry.name)
    if entry.header.packed_bytes or entry.header.file_bytes or entry.header.crc:
        raise BundleRefused("zip_directory_with_data", file=entry.name)
