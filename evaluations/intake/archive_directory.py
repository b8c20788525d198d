"""The directory of a ZIP archive, read so strictly that no two readers could see different files.

The end record stands in the last 22 bytes; the central directory ends where it begins; the local records
tile everything before, each equal to its central record. Layout after PKWARE's APPNOTE 6.3.10.
"""

import struct
from dataclasses import dataclass

from evaluations.intake.archive_entry import Entry, extra_fault, read_entry
from evaluations.intake.refusals import BundleRefused

LOCAL = struct.Struct("<4s5H3I2H")
END = struct.Struct("<4s4H2IH")
LOCAL_SIGNATURE = b"PK\x03\x04"
END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR = struct.Struct("<4sIQI")
_ZIP64_LOCATOR_SIGNATURE = b"PK\x06\x07"


@dataclass(frozen=True, slots=True)
class Record:
    """An entry and where its data begins."""

    entry: Entry
    data_at: int

    @property
    def data_stop(self) -> int:
        return self.data_at + self.entry.header.packed_bytes


def read_directory(raw: bytes, max_entries: int) -> list[Record]:
    """Every record of the archive, in the order of its data.

    Raises:
        BundleRefused: any zip_* code about the container; nothing is inflated here.
    """
    if raw[:4] not in {LOCAL_SIGNATURE, END_SIGNATURE}:
        raise BundleRefused("zip_not_zip")
    count, directory_at, end_at = _read_end(raw, max_entries)
    entries = []
    at = directory_at
    for _ in range(count):
        entry, at = read_entry(raw, at, end_at)
        entries.append(entry)
    if at != end_at:
        raise BundleRefused("zip_directory_mismatch")
    return _tile(raw, entries, directory_at)


def _read_end(raw: bytes, max_entries: int) -> tuple[int, int, int]:
    """Entries, offset of the central directory, offset of the end record."""
    end_at = len(raw) - END.size
    if end_at < 0 or raw[end_at : end_at + 4] != END_SIGNATURE:
        raise BundleRefused(_why_no_end(raw))
    _, disk, first_disk, count_here, count, directory_bytes, directory_at, comment_bytes = END.unpack_from(
        raw, end_at
    )
    locator_at = end_at - _ZIP64_LOCATOR.size
    has_locator = locator_at >= 0 and raw[locator_at : locator_at + 4] == _ZIP64_LOCATOR_SIGNATURE
    faults = (
        (comment_bytes, "zip_comment"),
        (has_locator or 0xFFFF in {disk, first_disk, count_here, count}, "zip_zip64"),
        (0xFFFFFFFF in {directory_bytes, directory_at}, "zip_zip64"),
        (disk or first_disk, "zip_multidisk"),
        (count == 0 and count_here == 0, "zip_empty"),
        (count > max_entries, "zip_too_many_files"),
        (count != count_here or directory_at + directory_bytes != end_at, "zip_directory_mismatch"),
    )
    for broken, code in faults:
        if broken:
            raise BundleRefused(code)
    return count, directory_at, end_at


def _why_no_end(raw: bytes) -> str:
    found = raw.rfind(END_SIGNATURE)
    spare = len(raw) - found - END.size
    if found < 0 or spare < 0:
        return "zip_truncated"
    comment_bytes = END.unpack_from(raw, found)[-1]
    if comment_bytes > spare:
        return "zip_truncated"
    return "zip_comment" if comment_bytes == spare else "zip_trailing_data"


def _tile(raw: bytes, entries: list[Entry], directory_at: int) -> list[Record]:
    """The entries as records that fill the bytes before the directory: no gap, no overlap."""
    records = []
    position = 0
    for entry in sorted(entries, key=lambda entry: entry.header.local_at):
        if entry.header.local_at != position or position + LOCAL.size > directory_at:
            raise BundleRefused("zip_overlap_or_gap", file=entry.name)
        record = Record(entry, _data_at(raw, entry))
        position = record.data_stop
        records.append(record)
        if position > directory_at:
            raise BundleRefused("zip_overlap_or_gap", file=entry.name)
    if position != directory_at:
        raise BundleRefused("zip_overlap_or_gap")
    return records


def _data_at(raw: bytes, entry: Entry) -> int:
    """Where the data of `entry` begins; its local header must say what the central one says."""
    at, central_at = entry.header.local_at, entry.central_at
    name_at = at + LOCAL.size
    extra_at = name_at + entry.header.name_bytes
    same = (
        raw[at : at + 4] == LOCAL_SIGNATURE
        and raw[at + 4 : at + 28] == raw[central_at + 6 : central_at + 30]  # version .. length of the name
        and raw[name_at:extra_at] == entry.name.encode("ascii")
    )
    if not same:
        raise BundleRefused("zip_local_mismatch", file=entry.name)
    extra_bytes = int.from_bytes(raw[at + 28 : at + 30], "little")
    code = extra_fault(raw[extra_at : extra_at + extra_bytes])
    if code:
        raise BundleRefused(code, file=entry.name)
    return extra_at + extra_bytes
