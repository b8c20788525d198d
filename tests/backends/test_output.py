"""The folder that a container writes, seen from outside."""

import os
from pathlib import Path

import pytest

from evaluations.backends.docker import output
from evaluations.backends.docker.labels import Caps
from evaluations.runner.checkpoint_store import FOLDER
from evaluations.runner.sandbox.usage import DEPTH_CAP

CAPS = Caps(limit_seconds=1, output_bytes=1 << 20, output_files=10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "output").mkdir()
    return tmp_path


def test_the_output_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    for _ in range(2):
        made = output.make(tmp_path)
    assert made.stat().st_mode & 0o777 == 0o700
    user = int(output.container_user().partition(":")[0])
    assert made.stat().st_uid == user != 0


def test_what_a_run_is_to_go_on_from_moves_inside(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "at-1").mkdir(parents=True)
    (tmp_path / FOLDER / "at-1" / "state.json").write_text("{}")
    made = output.make(tmp_path)
    state = made / FOLDER / "at-1" / "state.json"
    assert state.read_text() == "{}"
    assert state.stat().st_uid == made.stat().st_uid
    assert not (tmp_path / FOLDER).exists()


@pytest.mark.skipif(
    os.getuid() != 0, reason="only a worker of root's has files that its containers cannot read"
)
def test_secret_text_becomes_readable_for_the_container_and_nobody_else(tmp_path: Path) -> None:
    text = tmp_path / "heldout.txt"
    text.touch(mode=0o600)
    output.let_read(text)
    assert text.stat().st_gid == int(output.container_user().partition(":")[2])
    assert text.stat().st_mode & 0o777 == 0o640


def test_output_within_its_caps_is_no_breach(folder: Path) -> None:
    (folder / "output" / "a").write_bytes(b"x" * 1000)
    assert output.breach(folder, CAPS) is None


def test_too_many_bytes_files_or_folders_are_a_breach(folder: Path) -> None:
    big = folder / "output" / "big"
    big.write_bytes(b"x" * (2 << 20))
    assert "bytes" in (output.breach(folder, CAPS) or "")
    big.unlink()
    for number in range(11):
        (folder / "output" / str(number)).touch()
    assert "files" in (output.breach(folder, CAPS) or "")
    deep = folder / "deep"
    (deep / "output" / Path(*["d"] * (DEPTH_CAP + 1))).mkdir(parents=True)
    assert output.breach(deep, Caps(1, 1 << 30, 1 << 30)) is not None


def test_a_log_is_shown_while_the_run_goes_on_and_a_link_is_not(folder: Path) -> None:
    (folder / "secret").write_text("secret")
    (folder / "output" / "learner.log").write_text("said")
    (folder / "output" / "learner.1.log").symlink_to(folder / "secret")
    output.show_logs(folder)
    assert (folder / "learner.log").read_text() == "said"
    assert not (folder / "learner.1.log").exists()


def test_results_are_taken_once_and_only_plain_files(folder: Path) -> None:
    inside = folder / "output"
    (inside / "curve.npz").write_bytes(b"curve")
    (inside / "handle.json").write_text("forged")
    os.mkfifo(inside / "final.safetensors")
    for _ in range(2):
        output.take_results(folder)
    assert (folder / "curve.npz").read_bytes() == b"curve"
    assert not (folder / "final.safetensors").exists()
    assert not (folder / "handle.json").exists()


def test_a_stream_is_written_again_only_when_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    output.write_stream(path, b"one\n")
    first = path.stat().st_ino
    output.write_stream(path, b"one\n")
    assert path.stat().st_ino == first
    output.write_stream(path, b"one\ntwo\n")
    assert path.read_bytes() == b"one\ntwo\n"
