"""Trees that no path can say: measured, found too deep, and removed."""

import os

import pytest

from evaluations.runner.sandbox.removal import empty, remove
from evaluations.runner.sandbox.usage import DEPTH_CAP, disk_usage, memory_and_threads, unlinked_bytes
from evaluations.runner.sandbox.watch import Caps, Watched, disk_breach, processes_breach

MIB = 1 << 20


def nest(folder, levels):
    """A chain of folders far longer than a path may be, with a file in each."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("deeper", dir_fd=at)
        below = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)


def watched(folder, **caps):
    wide = {"memory_bytes": 1 << 40, "threads": 10_000, "disk_bytes": 1 << 40, "files": 10**6}
    return Watched(os.getpid(), (folder,), Caps(**(wide | caps)), lambda code, reason: None)


def test_a_tree_deeper_than_any_path_is_removed(tmp_path):
    nest(tmp_path, 3000)
    (tmp_path / "wide").mkdir()
    (tmp_path / "wide" / "x").write_text("x")
    empty(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_removal_follows_no_link(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "precious").write_text("x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(kept)
    remove(folder)
    assert not folder.exists()
    assert (kept / "precious").read_text() == "x"


def test_removing_a_link_itself_is_refused_and_nothing_is_nothing(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "precious").write_text("x")
    (tmp_path / "link").symlink_to(kept)
    empty(tmp_path / "link")
    remove(tmp_path / "absent")
    assert (kept / "precious").exists()


def test_a_folder_without_rights_is_removed(tmp_path):
    locked = tmp_path / "folder" / "locked"
    locked.mkdir(parents=True)
    (locked / "x").write_text("x")
    locked.chmod(0)
    remove(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_usage_counts_blocks_entries_and_levels(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "file").write_bytes(bytes(range(256)) * 4096)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    usage = disk_usage((tmp_path,))
    assert MIB <= usage.bytes < 2 * MIB
    assert usage.entries == 4
    assert usage.depth == 2


def test_a_deep_tree_is_a_breach_however_small(tmp_path):
    nest(tmp_path, DEPTH_CAP + 20)
    code, reason = disk_breach(watched(tmp_path))
    assert code == "artifact_quota"
    assert "nested" in reason


def test_removed_files_that_are_still_held_count(tmp_path):
    before = unlinked_bytes(os.getpid())
    path = tmp_path / "gone"
    with path.open("wb") as file:
        file.write(os.urandom(MIB))
        file.flush()
        path.unlink()
        assert unlinked_bytes(os.getpid()) - before >= MIB
        assert disk_breach(watched(tmp_path, disk_bytes=before + MIB // 2))[0] == "artifact_quota"


@pytest.mark.parametrize(
    ("caps", "code"), [({"memory_bytes": MIB}, "out_of_memory"), ({"threads": 0}, "too_many_threads")]
)
def test_memory_and_threads_are_breaches(tmp_path, caps, code):
    assert processes_breach(watched(tmp_path, **caps))[0] == code
    assert processes_breach(watched(tmp_path)) is None


def test_a_process_that_is_gone_uses_nothing():
    assert memory_and_threads(2**22 + 1) == (0, 0)
    assert unlinked_bytes(2**22 + 1) == 0
