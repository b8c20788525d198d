"""Archives of ordinary tools are read, and read as zipfile reads them."""

import io
import random
import shutil
import struct
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evaluations.intake.archive import ArchiveLimits, read_archive
from evaluations.intake.bundle import pack, read_bundle
from evaluations.intake.refusals import BundleRefused
from tests.intake.crafted import CONTRACT, LIMITS, Member, archive

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
SEED_ARCHIVE = pack({**CONTRACT, "src/model.py": b"z = 3\n" * 40, "prism.yaml": b"kind: full\n"})


def write_zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as writer:
        for name, data in files.items():
            writer.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize("method", METHODS)
def test_archive_of_zipfile_is_read(method: int) -> None:
    files = {"training.py": b"y\n", "pkg/architecture.py": b"x\n" * 500, "empty.txt": b""}
    assert read_archive(write_zip(files, method), LIMITS) == files


def test_empty_directories_are_forgotten() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        writer.mkdir("pkg")
        writer.writestr("pkg/a.py", b"x")
        writer.mkdir("other")
    assert read_archive(packed.getvalue(), LIMITS) == {"pkg/a.py": b"x"}


@pytest.mark.skipif(shutil.which("zip") is None, reason="the Info-ZIP command is not installed")
@pytest.mark.parametrize("options", ["-qr", "-qr0", "-qrX", "-qrD"])
def test_archive_of_info_zip_is_read(options: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "pkg").mkdir(parents=True)
    for name, data in CONTRACT.items():
        (source / name).write_bytes(data)
    (source / "pkg" / "model.py").write_bytes(b"x = 1\n" * 1000)
    subprocess.run(["zip", options, "../out.zip", "."], cwd=source, check=True)
    files = read_archive((tmp_path / "out.zip").read_bytes(), LIMITS)
    assert files == {**CONTRACT, "pkg/model.py": b"x = 1\n" * 1000}


@pytest.mark.parametrize(
    "extra", [b"UT\x05\x00\x03abcd", b"ux\x0b\x00\x01\x04uid1\x04gid1", b"UX\x08\x00timetime"]
)
def test_times_and_owners_in_extra_fields_are_harmless(extra: bytes) -> None:
    assert read_archive(archive(Member(extra=extra)), LIMITS) == {"a.py": Member().data}


def test_central_records_may_stand_in_another_order_than_the_data() -> None:
    first, second = Member(), replace(Member(), name=b"b.py")
    local = first.local_record() + second.local_record()
    central = second.central_record(len(first.local_record())) + first.central_record(0)
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 2, 2, len(central), len(local), 0)
    assert list(read_archive(local + central + end, LIMITS)) == ["a.py", "b.py"]


def test_json_may_take_the_whole_total() -> None:
    vocabulary = random.Random(0).randbytes(300_000).hex().encode()
    assert read_archive(pack({"tokenizer.json": vocabulary}), LIMITS)["tokenizer.json"] == vocabulary


def test_file_of_exactly_the_limit_is_read() -> None:
    limits = ArchiveLimits(max_zip_bytes=10_000, max_files=2, max_total_bytes=100, max_file_bytes=50)
    files = {"a.py": b"a" * 50, "b.py": b"b" * 50}
    assert read_archive(pack(files), limits) == files
    with pytest.raises(BundleRefused):
        read_archive(pack({"a.py": b"a" * 51}), limits)


segments = st.text("abcxyz019_", min_size=1, max_size=6)
names = st.lists(segments, min_size=1, max_size=3).map(lambda parts: "/".join(["p", *parts]) + ".py")


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(names, st.binary(max_size=300), min_size=1, max_size=8), st.sampled_from(METHODS))
def test_honest_archive_is_read_as_zipfile_reads_it(files: dict[str, bytes], method: int) -> None:
    raw = write_zip(files, method)
    with zipfile.ZipFile(io.BytesIO(raw)) as reader:
        assert read_archive(raw, LIMITS) == {name: reader.read(name) for name in reader.namelist()}


Mutation = tuple[int, int, bytes]
mutations = st.lists(
    st.tuples(st.integers(0, len(SEED_ARCHIVE)), st.integers(0, 6), st.binary(max_size=6)),
    min_size=1,
    max_size=4,
)


def mutate(raw: bytes, edits: list[Mutation]) -> bytes:
    for at, removed, inserted in edits:
        raw = raw[:at] + inserted + raw[at + removed :]
    return raw


@settings(deadline=None, max_examples=400)
@example([(len(SEED_ARCHIVE) - 1, 1, b"")])
@given(mutations)
def test_mutated_archive_is_refused_or_read_as_zipfile_reads_it(edits: list[Mutation]) -> None:
    raw = mutate(SEED_ARCHIVE, edits)
    try:
        files = read_archive(raw, LIMITS)
    except BundleRefused:
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as reader:
        assert files == {name: reader.read(name) for name in reader.namelist()}


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    for raw in (data, SEED_ARCHIVE[:40] + data + SEED_ARCHIVE[-22:]):
        with pytest.raises(BundleRefused):
            read_bundle(raw, LIMITS)
