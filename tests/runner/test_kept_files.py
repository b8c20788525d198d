"""The learner's own files: plain ones come back as they were, and nothing else is touched."""

import io
import os
import socket
from pathlib import Path

import pytest

from evaluations.runner.kept_files import FilesRefused, KeptFile, Quota, pack, unpack
from evaluations.runner.sandbox.usage import DEPTH_CAP

QUOTA = Quota(bytes=1000, files=5)


def refused(folder: Path, quota: Quota = QUOTA) -> str:
    with pytest.raises(FilesRefused) as error:
        pack(folder, io.BytesIO(), quota)
    assert error.value.code == "checkpoint_files_refused"
    return str(error.value)


def test_files_come_back_as_they_were(tmp_path: Path) -> None:
    before, after, packed = tmp_path / "before", tmp_path / "after", io.BytesIO()
    contents = {"a": b"x" * 300, "deep/er/b": b"", "deep/ä\udcff": b"y" * 700}
    for name, content in contents.items():
        (before / name).parent.mkdir(parents=True, exist_ok=True)
        (before / name).write_bytes(content)
    kept = pack(before, packed, QUOTA)
    packed.seek(0)
    unpack(packed, kept, after)
    assert {str(p.relative_to(after)): p.read_bytes() for p in after.rglob("*") if p.is_file()} == contents


def test_links_pipes_sockets_and_second_names_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folders = [tmp_path / name for name in ("link", "pipe", "socket", "hard", "linked-folder")]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "x").symlink_to(secret)
    os.mkfifo(folders[1] / "x")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(folders[2] / "x"))
        (folders[3] / "x").hardlink_to(secret)
        (folders[4] / "x").symlink_to(tmp_path, target_is_directory=True)
        for folder in folders:
            assert "not a plain file" in refused(folder)
    (tmp_path / "itself").symlink_to(tmp_path)
    refused(tmp_path / "itself")


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes devices")
def test_devices_are_refused(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "zero", 0o020600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("no devices can be made in here")
    refused(tmp_path)


def test_too_much_too_many_and_too_deep_are_refused(tmp_path: Path) -> None:
    big, sparse, many, deep = (tmp_path / name for name in ("big", "sparse", "many", "deep"))
    for folder in (big, sparse, many):
        folder.mkdir()
    (big / "a").write_bytes(b"x" * 600)
    (big / "b").write_bytes(b"x" * 401)
    with (sparse / "a").open("wb") as file:
        file.truncate(1 << 40)
    for number in range(6):
        (many / str(number)).touch()
    deep.joinpath(*["d"] * (DEPTH_CAP + 1)).mkdir(parents=True)
    assert "quota" in refused(big)
    assert "quota" in refused(sparse)
    assert "more than 5 files" in refused(many)
    assert "deeper" in refused(deep)


@pytest.mark.parametrize("path", ["../out", "/etc/out", "a/../../out", "a//b", "", ".", "a\0b", "a" * 256])
def test_no_path_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FilesRefused):
        unpack(io.BytesIO(b"x"), [KeptFile(path, 1)], folder)
    assert list(tmp_path.rglob("*")) == [folder]


def test_a_torn_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FilesRefused, match="end early"):
        unpack(io.BytesIO(b"xy"), [KeptFile("a", 3)], tmp_path)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        unpack(io.BytesIO(b"xyz"), [KeptFile("a", 3)], tmp_path)
    assert not (tmp_path / "elsewhere").exists()
