"""An archive is what was written, or it is refused before anything is touched."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prism_site.backup.checking import check, unpack
from prism_site.backup.errors import BackupRefused
from prism_site.backup.manifest import FORMAT, NAME, BackupManifest
from prism_site.backup.writing import _Hashing, archive_into

RUN = "artifacts/3f1c2a9e-0000-4000-8000-000000000001.1"
FILES = {f"{RUN}/curve.npz": b"points" * 1000, "database/prism.sqlite3": b"rows" * 5000}


def write(folder: Path, **changes: Any) -> Path:
    """An archive of `FILES`; `changes` are fields of its manifest."""
    path = folder / "backup.tar.gz"
    with path.open("wb") as file, archive_into(file) as archive:
        for name, raw in FILES.items():
            (folder / "source").write_bytes(raw)
            archive.add(name, folder / "source")
        values = {
            "format": FORMAT,
            "taken_at": datetime(2026, 11, 1, tzinfo=UTC),
            "version": "0.1.0",
            "vendor": "sqlite",
            "server": "3.40.1",
            "final_until": None,
            "migrations": [("auth", "0001_initial")],
            "tables": {},
            "members": archive.members,
        }
        archive.close_with(BackupManifest.model_validate(values | changes))
    return path


def rewritten(path: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]) -> None:
    """The same archive with other members."""
    with tarfile.open(path) as tar:
        members = [(info, found.read()) for info in tar if (found := tar.extractfile(info))]
    change(members)
    with tarfile.open(path, "w:gz") as tar:
        for info, raw in members:
            info.size = len(raw) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(raw))


def named(name: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(name)


def link(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    checked = check(write(tmp_path))
    unpack(checked, tmp_path / "out")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in FILES} == FILES
    assert [member.path for member in checked.manifest.members] == list(FILES)


CHANGES = {
    "a changed file": lambda members: members.__setitem__(0, (members[0][0], b"other")),
    "a missing file": lambda members: members.pop(0),
    "a file too many": lambda members: members.insert(0, (named(f"{RUN}/other.npz"), b"x")),
    "a file twice": lambda members: members.insert(0, members[0]),
    "no manifest": lambda members: members.pop(),
    "something after the manifest": lambda members: members.append((named(f"{RUN}/a"), b"")),
    "a path that climbs": lambda members: members.insert(0, (named("artifacts/../../x"), b"x")),
    "an absolute path": lambda members: members.insert(0, (named("/etc/x"), b"x")),
    "a link": lambda members: members.insert(0, (link(f"{RUN}/curve.npz"), b"")),
    "a manifest that is none": lambda members: members.__setitem__(-1, (members[-1][0], b"{}")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_anything_else_is_damaged(tmp_path: Path, change: Callable[..., None]) -> None:
    path = write(tmp_path)
    rewritten(path, change)
    with pytest.raises(BackupRefused) as refused:
        check(path)
    assert refused.value.code == "backup_damaged"


@pytest.mark.parametrize("kept", [0, 1, 20, 200, -1])
def test_an_archive_that_was_cut_is_unreadable(tmp_path: Path, kept: int) -> None:
    path = write(tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw[: kept if kept >= 0 else len(raw) // 2])
    with pytest.raises(BackupRefused) as refused:
        check(path)
    assert refused.value.code in {"backup_unreadable", "backup_damaged"}


def test_bytes_that_were_flipped_anywhere_are_noticed(tmp_path: Path) -> None:
    path = write(tmp_path)
    plain = bytearray(gzip.decompress(path.read_bytes()))
    for place in range(600, len(plain) - 12_000, 997):  # beyond, a tar has nothing but padding
        spoilt = bytearray(plain)
        spoilt[place] ^= 1
        path.write_bytes(gzip.compress(spoilt, 1))
        content_differs = _members(bytes(spoilt)) != _members(bytes(plain))
        try:
            check(path)
        except BackupRefused:
            continue
        assert not content_differs, place


def _members(plain: bytes) -> Any:
    try:
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            return [(info.name, info.type, found.read()) for info in tar if (found := tar.extractfile(info))]
    except (tarfile.TarError, EOFError):
        return None


def test_another_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused) as refused:
        check(write(tmp_path, format="prism_backup.v9"))
    assert refused.value.code == "backup_format_unknown"


def test_a_file_that_grows_while_it_is_read_is_taken_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "progress.jsonl"
    source.write_bytes(b"one\n")
    growing = _Hashing(source.open("rb"), size=4)
    with source.open("ab") as later:
        later.write(b"two\n")
    assert growing.read(100) == b"one\n"
    assert growing.digest.hexdigest() == hashlib.sha256(b"one\n").hexdigest()
    growing.file.close()


def test_an_archive_that_changes_between_judging_and_writing_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    checked = check(path)
    rewritten(path, CHANGES["a changed file"])
    with pytest.raises(BackupRefused) as refused:
        unpack(checked, tmp_path / "out")
    assert refused.value.code == "backup_damaged"
    assert NAME not in {path.name for path in (tmp_path / "out").rglob("*")}
