"""A ZIP archive as files in memory, in one pass over its bytes: nothing touches the disk.

Sizes are checked as declared, before anything is inflated, and again while inflating, so the memory used
is bounded by the limits whatever the archive says.
"""

import zlib
from dataclasses import dataclass

from evaluations.intake.archive_directory import Record, read_directory
from evaluations.intake.archive_entry import STORED, check_kind
from evaluations.intake.archive_names import check_suffix, check_tree
from evaluations.intake.refusals import BundleRefused

MAX_RATIO = 100
RATIO_FREE_BYTES = 64 * 1024  # small files may be as regular as they like


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What a bundle may cost. JSON files (a tokenizer) may take the whole total; others `max_file_bytes`."""

    max_zip_bytes: int
    max_files: int
    max_total_bytes: int
    max_file_bytes: int = 256 * 1024

    def file_bytes(self, name: str) -> int:
        """The largest size of the file `name`."""
        return (
            self.max_total_bytes if name.endswith(".json") else min(self.max_file_bytes, self.max_total_bytes)
        )

    def check_sizes(self, sizes: dict[str, int]) -> None:
        """Refuse sizes over a limit: zip_file_too_large, zip_total_too_large. `sizes`: name -> bytes."""
        for name, size in sizes.items():
            if size > self.file_bytes(name):
                raise BundleRefused("zip_file_too_large", file=name)
        if sum(sizes.values()) > self.max_total_bytes:
            raise BundleRefused("zip_total_too_large")


def read_archive(raw: bytes, limits: ArchiveLimits) -> dict[str, bytes]:
    """The files of the archive by name, sorted; empty directories are forgotten.

    Raises:
        BundleRefused: with a zip_* code.
    """
    if len(raw) > limits.max_zip_bytes:
        raise BundleRefused("zip_too_large")
    records = read_directory(raw, limits.max_files)
    for record in records:
        check_kind(record.entry)
    check_tree(record.entry.name for record in records)
    files = {record.entry.name: record for record in records if not record.entry.is_directory}
    if not files:
        raise BundleRefused("zip_empty")
    for name in files:
        check_suffix(name)
    limits.check_sizes({name: record.entry.header.file_bytes for name, record in files.items()})
    return {name: _data(raw, files[name]) for name in sorted(files)}


def _data(raw: bytes, record: Record) -> bytes:
    header, name = record.entry.header, record.entry.name
    if header.file_bytes > max(RATIO_FREE_BYTES, MAX_RATIO * header.packed_bytes):
        raise BundleRefused("zip_ratio", file=name)
    packed = raw[record.data_at : record.data_stop]
    data = packed if header.method == STORED else _inflate(packed, header.file_bytes, name)
    if len(data) != header.file_bytes:
        raise BundleRefused("zip_size_mismatch", file=name)
    if zlib.crc32(data) != header.crc:
        raise BundleRefused("zip_crc", file=name)
    return data


def _inflate(packed: bytes, expected_bytes: int, name: str) -> bytes:
    """Raw deflate, at most one byte more than expected: that byte is the proof of a lie."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = stream.decompress(packed, expected_bytes + 1)
    except zlib.error as error:
        raise BundleRefused("zip_bad_deflate", file=name) from error
    if len(data) > expected_bytes or stream.unused_data:
        raise BundleRefused("zip_size_mismatch", file=name)
    if not stream.eof:
        raise BundleRefused("zip_bad_deflate", file=name)
    return data
