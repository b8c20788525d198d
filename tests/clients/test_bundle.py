"""What the tool packs is what the server would pack, and what it will not pack it says before sending."""

import os
from pathlib import Path

import pytest

from clients import prism_submit
from clients.prism_submit import Stopped, bundle_at, files_under
from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import pack, read_bundle
from prism_site.config import ROOT
from tests.factories import FILES


@pytest.mark.parametrize("example", ["transformer", "gru", "hooks", "prior"])
def test_the_archive_and_its_hash_are_those_of_the_server(example: str) -> None:
    bundle = bundle_at(ROOT / "examples" / example)
    limits = ArchiveLimits(max_zip_bytes=1 << 20, max_files=64, max_total_bytes=1 << 20)
    assert bundle.archive == pack(files_under(ROOT / "examples" / example))
    assert bundle.code_hash == read_bundle(bundle.archive, limits).code_hash


def test_a_zip_has_the_hash_of_its_folder_and_is_sent_as_it_is(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.zip"
    assert prism_submit.main(["pack", str(folder), "-o", str(archive)]) == 0
    assert bundle_at(archive) == bundle_at(folder)


def test_what_no_bundle_holds_is_left_aside(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert files_under(folder) == dict(sorted(FILES.items()))


def test_files_in_folders_are_named_with_slashes(folder: Path) -> None:
    (folder / "blocks").mkdir()
    (folder / "blocks" / "norm.py").write_text("pass\n")
    assert "blocks/norm.py" in files_under(folder)


def _link(folder: Path) -> None:
    (folder / "link.py").symlink_to("/etc/passwd")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")


def _weights(folder: Path) -> None:
    (folder / "weights.pt").write_bytes(b"x")


def _nothing(folder: Path) -> None:
    for name in FILES:
        (folder / name).unlink()


@pytest.mark.parametrize(
    ("breaking", "code"),
    [
        (_link, "zip_symlink"),
        (_pipe, "zip_special_file"),
        (_weights, "zip_file_type"),
        (_nothing, "folder_without_source"),
    ],
)
def test_a_broken_folder_is_not_sent(breaking: object, code: str, folder: Path) -> None:
    assert callable(breaking)
    breaking(folder)
    with pytest.raises(Stopped) as stopped:
        bundle_at(folder)
    assert (stopped.value.code, stopped.value.status) == (code, prism_submit.USAGE)


def test_what_is_neither_folder_nor_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"not a ZIP")
    for name, code in {"b.zip": "zip_not_zip", "none": "path_missing"}.items():
        with pytest.raises(Stopped) as stopped:
            bundle_at(tmp_path / name)
        assert stopped.value.code == code


def test_too_much_is_not_read_into_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prism_submit, "MAX_BUNDLE_BYTES", 10)
    with pytest.raises(Stopped) as stopped:
        bundle_at(folder)
    assert stopped.value.code == "bundle_too_large"
