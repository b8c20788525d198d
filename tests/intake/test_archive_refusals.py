"""Each way an archive can lie or attack, and the code it is refused with."""

import io
import struct
import tarfile
import zipfile
from dataclasses import replace

import pytest

from evaluations.intake.archive import ArchiveLimits, read_archive
from evaluations.intake.bundle import read_bundle
from evaluations.intake.refusals import BundleRefused
from tests.intake.crafted import LIMITS, PLAIN, Member, archive, deflate, end_record, honest

ONE = Member()
PLAIN_ZIP = archive(ONE)
FOLDER = Member(b"pkg/", b"", method=0, mode=0o040755)
MANY = [replace(ONE, name=b"f%d.py" % number) for number in range(51)]


def named(name: bytes) -> bytes:
    return archive(replace(ONE, name=name))


def extra(kind: int, data: bytes) -> bytes:
    return struct.pack("<2H", kind, len(data)) + data


def fifield_overlap() -> bytes:
    """Two directory records that share one local record."""
    local = ONE.local_record()
    central = ONE.central_record(0) + replace(ONE, name=b"b.py").central_record(0)
    return local + central + end_record(2, len(central), len(local))


def quoted_overlap() -> bytes:
    """A first file whose stored data quotes the local record of the second."""
    inner = replace(ONE, name=b"b.py")
    quoted = inner.local_record()
    outer = Member(b"a.py", quoted, method=0)
    inner_at = len(outer.local_record()) - len(quoted)
    central = outer.central_record(0) + inner.central_record(inner_at)
    return outer.local_record() + central + end_record(2, len(central), len(outer.local_record()))


def tarball() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.py"))
    return packed.getvalue()


def zip64() -> bytes:
    """An honest small archive with the ZIP64 locator that some writers always add."""
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    return PLAIN_ZIP[:-22] + locator + PLAIN_ZIP[-22:]


def zeros(name: bytes, size: int) -> Member:
    return Member(name, bytes(size))


CASES = {
    "36 bomb in one file": (archive(zeros(b"a.py", 1_000_000)), "zip_file_too_large"),
    "36 bomb beyond the total": (archive(zeros(b"a.json", 3_000_000)), "zip_file_too_large"),
    "36 ratio within the limits": (archive(zeros(b"a.py", 200_000)), "zip_ratio"),
    "37 size lies small": (archive(replace(ONE, data=b"x" * 999, size=9)), "zip_size_mismatch"),
    "37 size lies large": (archive(replace(ONE, size=99)), "zip_size_mismatch"),
    "37 stored size lies": (archive(replace(ONE, method=0, size=5)), "zip_size_mismatch"),
    "38 many medium files": (
        archive(*[zeros(b"f%d.py" % n, 200_000) for n in range(11)]),
        "zip_total_too_large",
    ),
    "39 full overlap": (fifield_overlap(), "zip_overlap_or_gap"),
    "40 quoted overlap": (quoted_overlap(), "zip_overlap_or_gap"),
    "41 nested zip by name": (archive(Member(b"a.zip", PLAIN_ZIP)), "zip_nested_archive"),
    "42 symlink": (archive(replace(ONE, data=b"/etc/passwd", mode=0o120777)), "zip_symlink"),
    "43 absolute": (named(b"/etc/a.py"), "zip_name_absolute"),
    "44 parent": (named(b"../a.py"), "zip_name_traversal"),
    "44 parent within": (named(b"x/../../a.py"), "zip_name_traversal"),
    "45 dot segment": (named(b"./a.py"), "zip_name_traversal"),
    "46 empty segment": (named(b"x//a.py"), "zip_name_traversal"),
    "46 empty name": (named(b""), "zip_name_traversal"),
    "47 drive": (named(b"C:a.py"), "zip_name_absolute"),
    "48 backslash": (named(b"..\\a.py"), "zip_name_backslash"),
    "49 NUL in name": (named(b"a.py\0.txt"), "zip_name_control"),
    "50 ESC in name": (named(b"\x1b[2Ja.py"), "zip_name_control"),
    "50 newline in name": (named(b"a\n.py"), "zip_name_control"),
    "51 duplicate": (archive(ONE, ONE), "zip_duplicate_name"),
    "52 case collision": (archive(*honest(b"a.py", b"A.py")), "zip_duplicate_name"),
    "52 case collision of folders": (archive(*honest(b"x/a.py", b"X/b.py")), "zip_duplicate_name"),
    "53 NFC and NFD": (
        archive(*honest("\u00e9.py".encode(), "e\u0301.py".encode())),
        "zip_name_not_ascii",
    ),
    "54 not UTF-8": (named(b"\xff\xfe.py"), "zip_name_not_ascii"),
    "55 cp437": (named(b"\x81.py"), "zip_name_not_ascii"),
    "56 file and directory": (
        archive(replace(ONE, name=b"x.py"), replace(FOLDER, name=b"x.py/")),
        "zip_name_conflict",
    ),
    "56 file as a folder": (archive(*honest(b"x.py", b"x.py/y.py")), "zip_name_conflict"),
    "57 Unicode path": (
        archive(replace(ONE, extra=extra(0x7075, b"\1\0\0\0\0../a.py"))),
        "zip_extra_field",
    ),
    "57 in the local header only": (
        archive(replace(ONE, local={"extra": extra(0x7075, b"\1\0\0\0\0b.py")})),
        "zip_extra_field",
    ),
    "58 local name differs": (archive(replace(ONE, local={"name": b"b.py"})), "zip_local_mismatch"),
    "59 local size differs": (archive(replace(ONE, local={"size": 7})), "zip_local_mismatch"),
    "59 local packed size differs": (archive(replace(ONE, local={"packed": 1})), "zip_local_mismatch"),
    "60 local method differs": (archive(replace(ONE, local={"method": 0})), "zip_local_mismatch"),
    "61 wrong CRC": (archive(replace(ONE, crc=1)), "zip_crc"),
    "62 encrypted": (archive(replace(ONE, flags=1)), "zip_encrypted"),
    "62 strongly encrypted": (archive(replace(ONE, flags=0x41)), "zip_encrypted"),
    "62 AES extra": (archive(replace(ONE, extra=extra(0x9901, b"1234567"))), "zip_encrypted"),
    "63 data descriptor": (archive(replace(ONE, flags=8)), "zip_data_descriptor"),
    "63 other flag": (archive(replace(ONE, flags=0x20)), "zip_flags"),
    "64 deflate64": (archive(replace(ONE, method=9)), "zip_method"),
    "64 bzip2": (archive(replace(ONE, method=12)), "zip_method"),
    "64 LZMA": (archive(replace(ONE, method=14, version=63)), "zip_method"),
    "64 zstd": (archive(replace(ONE, method=93, version=63)), "zip_method"),
    "65 version": (archive(replace(ONE, version=21)), "zip_version"),
    "66 device": (archive(replace(ONE, mode=0o060644)), "zip_special_file"),
    "67 fifo": (archive(replace(ONE, mode=0o010644)), "zip_special_file"),
    "68 setuid": (archive(replace(ONE, mode=0o104755)), "zip_special_file"),
    "68 directory mode on a file": (archive(replace(ONE, mode=0o040755)), "zip_special_file"),
    "68 DOS directory bit on a file": (archive(replace(ONE, mode=0, attributes=0x10)), "zip_special_file"),
    "68 file mode on a directory": (archive(replace(FOLDER, mode=PLAIN)), "zip_special_file"),
    "69 many entries": (archive(*MANY), "zip_too_many_files"),
    "70 count too small": (archive(*honest(b"a.py", b"b.py"), here=1, count=1), "zip_directory_mismatch"),
    "70 count too large": (archive(ONE, here=2, count=2), "zip_directory_mismatch"),
    "70 counts differ": (archive(ONE, here=2), "zip_directory_mismatch"),
    "71 offset lie": (archive(ONE, offset=0), "zip_directory_mismatch"),
    "71 size lie": (archive(ONE, size=10), "zip_directory_mismatch"),
    "71 local offset lie": (archive(replace(ONE, central={"offset": 4})), "zip_overlap_or_gap"),
    "71 local offset outside": (archive(replace(ONE, central={"offset": 99_999})), "zip_overlap_or_gap"),
    "72 two archives": (PLAIN_ZIP + PLAIN_ZIP, "zip_directory_mismatch"),
    "73 ZIP64 locator": (zip64(), "zip_zip64"),
    "73 ZIP64 count": (archive(ONE, here=0xFFFF, count=0xFFFF), "zip_zip64"),
    "73 ZIP64 offset": (archive(ONE, offset=0xFFFFFFFF), "zip_zip64"),
    "73 ZIP64 size": (archive(replace(ONE, size=0xFFFFFFFF)), "zip_zip64"),
    "73 ZIP64 extra": (archive(replace(ONE, extra=extra(1, bytes(16)))), "zip_zip64"),
    "74 script in front": (b"#!/bin/sh\n" + PLAIN_ZIP, "zip_not_zip"),
    "74 PDF in front": (b"%PDF-1.7\n" + PLAIN_ZIP, "zip_not_zip"),
    "74 ELF in front": (b"\x7fELF" + PLAIN_ZIP, "zip_not_zip"),
    "74 corrected offsets": (archive(replace(ONE, before=b"#!/bin/sh\n")), "zip_not_zip"),
    "75 trailing data": (PLAIN_ZIP + b"more", "zip_trailing_data"),
    "76 comment": (archive(ONE, comment=5) + b"hello", "zip_comment"),
    "76 comment promised": (archive(ONE, comment=5), "zip_comment"),
    "77 gap before the directory": (archive(ONE, gap=b"gap"), "zip_overlap_or_gap"),
    "77 gap between records": (
        archive(ONE, replace(ONE, name=b"b.py", before=b"gap")),
        "zip_overlap_or_gap",
    ),
    "78 empty end record in the comment": (archive(ONE, comment=22) + end_record(0, 0, 0), "zip_empty"),
    "79 truncated": (PLAIN_ZIP[:-9], "zip_truncated"),
    "79 truncated early": (PLAIN_ZIP[:20], "zip_truncated"),
    "79 comment cut": (archive(ONE, comment=9) + b"hello", "zip_truncated"),
    "80 empty": (end_record(0, 0, 0), "zip_empty"),
    "80 folders only": (archive(FOLDER), "zip_empty"),
    "81 tar.gz": (tarball(), "zip_not_zip"),
    "81 7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "zip_not_zip"),
    "81 nothing": (b"", "zip_not_zip"),
    "82 garbage after deflate": (
        archive(replace(ONE, packed=deflate(ONE.data) + b"garbage")),
        "zip_size_mismatch",
    ),
    "83 broken deflate": (archive(replace(ONE, packed=b"\xff" * 20)), "zip_bad_deflate"),
    "83 deflate cut": (archive(replace(ONE, packed=deflate(ONE.data)[:-2])), "zip_bad_deflate"),
    "86 long name": (named(b"a" * 300 + b".py"), "zip_name_too_long"),
    "87 deep name": (named(b"a/b/c/d/e/f/g/h.py"), "zip_name_too_deep"),
    "89 entry comment": (archive(replace(ONE, comment=b"hi")), "zip_entry_comment"),
    "90 disks": (archive(ONE, disk=1), "zip_multidisk"),
    "90 entry on another disk": (archive(replace(ONE, disk=1)), "zip_multidisk"),
    "91 extra cut": (archive(replace(ONE, extra=b"UT")), "zip_extra_malformed"),
    "91 extra beyond its field": (archive(replace(ONE, extra=b"UT\x09\x00\x01")), "zip_extra_malformed"),
    "91 extra of no known length": (archive(replace(ONE, extra=extra(0x5455, b"12"))), "zip_extra_malformed"),
    "92 directory with data": (archive(replace(FOLDER, data=b"data")), "zip_directory_with_data"),
    "upload over the limit": (bytes(4_000_001), "zip_too_large"),
}  # fmt: skip

TYPES = ["a.so", "a.pyc", "a.pth", "a.pt", "a.pkl", "a.ipynb", "a", "LICENSE", "a.PY", "py"]
GENERATED = ["__MACOSX/a.py", "__pycache__/a.cpython-311.pyc", "x/__PyCache__/a.py"]
CHARSET = [
    "CON.py",
    "aux.py",
    "x/Com1.txt",
    "a.py.",
    "-rf.py",
    ".env.py",
    ".git/a.py",
    "a b.py",
    "a;.py",
    "~a.py",
]


@pytest.mark.parametrize(("raw", "code"), CASES.values(), ids=CASES.keys())
def test_hostile_archive_is_refused_with_its_code(raw: bytes, code: str) -> None:
    with pytest.raises(BundleRefused) as refused:
        read_archive(raw, LIMITS)
    assert refused.value.code == code


NAME_CASES = {
    **{f"84 type {name}": (name, "zip_file_type") for name in TYPES},
    **{f"85 generated {name}": (name, "zip_name_not_allowed") for name in GENERATED},
    **{f"88 characters {name}": (name, "zip_name_charset") for name in CHARSET},
}


@pytest.mark.parametrize(("name", "code"), NAME_CASES.values(), ids=NAME_CASES.keys())
def test_name_that_does_not_belong_in_a_bundle_is_refused(name: str, code: str) -> None:
    with pytest.raises(BundleRefused) as refused:
        read_archive(named(name.encode()), LIMITS)
    assert refused.value.code == code


def test_nested_archive_under_an_innocent_name_is_refused() -> None:
    with pytest.raises(BundleRefused) as refused:
        read_bundle(archive(Member(b"notes.txt", PLAIN_ZIP, method=0)), LIMITS)
    assert refused.value.code == "zip_nested_archive"


def test_twenty_thousand_entries_are_refused_by_their_count() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        for number in range(20_000):
            writer.writestr(f"f{number}.py", b"")
    with pytest.raises(BundleRefused) as refused:
        read_archive(packed.getvalue(), ArchiveLimits(10_000_000, 200, 2_000_000))
    assert refused.value.code == "zip_too_many_files"


def test_refusal_names_the_file_without_its_control_characters() -> None:
    with pytest.raises(BundleRefused) as refused:
        read_archive(named(b"\x1b[2J" + b"a" * 150 + b".py"), LIMITS)
    assert refused.value.file is not None
    assert refused.value.file.isprintable()
    assert len(refused.value.file) <= 63
