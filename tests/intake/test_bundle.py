"""A bundle is its content: one hash for one content, from an archive or a folder, and back to files."""

import os
import stat
import tracemalloc
import zlib
from pathlib import Path

import pytest

from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import code_hash, pack, read_bundle, read_folder
from evaluations.intake.refusals import BundleRefused
from tests.intake.crafted import CONTRACT, LIMITS, Member, archive

FILES = {**CONTRACT, "pkg/layers.py": b"z = 3\n", "notes.md": b"# Notes\n"}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_packing_is_deterministic_and_reads_back() -> None:
    assert pack(FILES) == pack(dict(reversed(FILES.items())))
    bundle = read_bundle(pack(FILES), LIMITS)
    assert dict(bundle.files) == FILES
    assert list(bundle.files) == sorted(FILES)


def test_hash_is_of_the_content_and_not_of_the_archive() -> None:
    members = [Member(name.encode(), data, method=0) for name, data in FILES.items()]
    packed, stored = read_bundle(pack(FILES), LIMITS), read_bundle(archive(*members), LIMITS)
    assert packed.code_hash == stored.code_hash == code_hash(FILES)


@pytest.mark.parametrize(
    "other",
    [
        {**FILES, "notes.md": b"# notes\n"},
        {**FILES, "more.md": b""},
        {("note.md" if name == "notes.md" else name): data for name, data in FILES.items()},
    ],
)
def test_hash_changes_with_any_name_or_byte(other: dict[str, bytes]) -> None:
    assert code_hash(other) != code_hash(FILES)


def test_bytes_cannot_move_between_files_under_one_hash() -> None:
    assert code_hash({"a.py": b"12", "b.py": b"3"}) != code_hash({"a.py": b"1", "b.py": b"23"})


def test_folder_and_its_archive_are_one_bundle(tmp_path: Path) -> None:
    assert read_folder(write(tmp_path, FILES), LIMITS) == read_bundle(pack(FILES), LIMITS)


def test_folder_leaves_caches_and_dot_files_aside(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "__pycache__/a.pyc": b"\0", ".git/config": b"x", "pkg/.hidden": b"x"})
    assert dict(read_folder(tmp_path, LIMITS).files) == FILES


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("weights.pt", b"", "zip_file_type"),
        ("inner.zip", b"", "zip_nested_archive"),
        ("a b.py", b"", "zip_name_charset"),
        ("a/b/c/d/e/f/g.py", b"", "zip_name_too_deep"),
        ("big.py", b"x\n" * 200_000, "zip_file_too_large"),
        ("zero.py", b"\0", "text_nul"),
        ("Training.py", b"", "zip_duplicate_name"),
    ],
)
def test_folder_keeps_the_rules_of_an_archive(name: str, data: bytes, code: str, tmp_path: Path) -> None:
    write(tmp_path, {**CONTRACT, name: data})
    with pytest.raises(BundleRefused) as refused:
        read_folder(tmp_path, LIMITS)
    assert refused.value.code == code


def test_folder_with_a_link_is_refused(tmp_path: Path) -> None:
    write(tmp_path, CONTRACT)
    (tmp_path / "link.py").symlink_to("training.py")
    with pytest.raises(BundleRefused) as refused:
        read_folder(tmp_path, LIMITS)
    assert refused.value.code == "zip_symlink"


def test_folder_with_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "bundle", CONTRACT)
    (tmp_path / "bundle" / "pkg").symlink_to(tmp_path)
    with pytest.raises(BundleRefused) as refused:
        read_folder(tmp_path / "bundle", LIMITS)
    assert refused.value.code == "zip_symlink"


def test_folder_with_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    write(tmp_path, CONTRACT)
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(BundleRefused) as refused:
        read_folder(tmp_path, LIMITS)
    assert refused.value.code == "zip_special_file"


def test_folder_limits_count_and_total(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    for limits, code in (
        (ArchiveLimits(10_000, 3, 10_000), "zip_too_many_files"),
        (ArchiveLimits(10_000, 4, 20), "zip_total_too_large"),
    ):
        with pytest.raises(BundleRefused) as refused:
            read_folder(tmp_path, limits)
        assert refused.value.code == code


def test_empty_folder_is_refused_and_a_missing_one_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused) as refused:
        read_folder(tmp_path, LIMITS)
    assert refused.value.code == "zip_empty"
    with pytest.raises(NotADirectoryError):
        read_folder(tmp_path / "missing", LIMITS)


def test_written_files_are_plain_and_read_back(tmp_path: Path) -> None:
    bundle = read_bundle(pack(FILES), LIMITS)
    bundle.write_to(tmp_path / "code")
    assert read_folder(tmp_path / "code", LIMITS) == bundle
    modes = {stat.S_IMODE((tmp_path / "code" / name).stat().st_mode) for name in FILES}
    assert modes == {0o644}


def test_writing_overwrites_nothing_and_follows_no_link(tmp_path: Path) -> None:
    target = tmp_path / "target.py"
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "training.py").symlink_to(target)
    with pytest.raises(FileExistsError):
        read_bundle(pack(FILES), LIMITS).write_to(tmp_path / "code")
    assert not target.exists()


def test_files_of_a_bundle_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        read_bundle(pack(FILES), LIMITS).files["x.py"] = b""  # type: ignore[index]


def bomb() -> bytes:
    """A hundred megabytes of zeros in 100 KiB, which claim to be 200 kB."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(stream.compress(bytes(1_000_000)) for _ in range(100)) + stream.flush()
    return archive(Member(b"a.py", b"", packed=packed, size=200_000))


def test_bomb_costs_no_more_memory_than_the_limits() -> None:
    raw = bomb()
    tracemalloc.start()
    try:
        with pytest.raises(BundleRefused) as refused:
            read_bundle(raw, LIMITS)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == "zip_size_mismatch"
    assert peak_bytes < 16 * 2**20
