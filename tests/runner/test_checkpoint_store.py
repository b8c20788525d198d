"""Checkpoints on the disk: whole or not there, two of them, and believed only where they are the run's."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluations.runner import checkpoint_store
from evaluations.runner.checkpoint_store import (
    FOLDER,
    CheckpointDamaged,
    CheckpointForeign,
    Store,
    most_bytes,
)
from evaluations.runner.commit_journal import JOURNAL, Journal
from evaluations.runner.job import Job
from evaluations.runner.job_identity import identity_of
from evaluations.runner.kept_files import FilesRefused
from evaluations.runner.resumption import CannotResume, Resumption
from evaluations.runner.slot import Slot
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, make_job

FACTS = {"lines": [{"stream_bytes": 7}], "variance": 0.1 + 0.2}


@pytest.fixture
def slot() -> Iterator[Slot]:
    made = Slot("learner")
    made.open(4096, child_may_write=True)
    assert made.memory is not None
    made.memory[:] = bytes(range(256)) * 16
    yield made
    made.close()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    files: dict[str, str | bytes] = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}
    made = make_job(tmp_path, files)
    (Path(made.output_folder) / "checkpoints").mkdir(parents=True)
    (Path(made.output_folder) / "checkpoints" / "own").write_text("the learner's")
    return made


def store_of(job: Job) -> Store:
    return Store(job, "identity")


def keep(job: Job, slot: Slot, *indices: int) -> None:
    """Keep these, and note a commit after the last."""
    store = store_of(job)
    for index in indices:
        own = Path(job.output_folder) / "checkpoints"
        store.write(index, FACTS, slot, lambda file: file.write(b"counts"), own)
    store.journal.enter(indices[-1] + 1, "later")


def test_a_checkpoint_gives_back_what_was_kept(job: Job, slot: Slot, tmp_path: Path) -> None:
    keep(job, slot, 3)
    saved = store_of(job).find()
    assert saved is not None
    assert (saved.index, saved.facts["variance"], list(saved.commits)) == (3, 0.1 + 0.2, [3, 4])
    other = Slot("other")
    other.open(4096, child_may_write=True)
    saved.fill(other)
    assert other.memory is not None
    assert slot.memory is not None
    assert other.memory[:] == slot.memory[:]
    other.close()
    with saved.open_counts() as counts:
        assert counts.read() == b"counts"
    saved.lay_out(tmp_path / "again")
    assert (tmp_path / "again" / "own").read_text() == "the learner's"


def test_the_two_newest_are_kept(job: Job, slot: Slot) -> None:
    keep(job, slot, 1, 2, 5)
    names = {path.name for path in (Path(job.output_folder) / FOLDER).iterdir()}
    assert names == {"at-2", "at-5", JOURNAL}


def test_one_that_no_later_commit_bears_witness_to_is_passed_over(job: Job, slot: Slot) -> None:
    keep(job, slot, 2)
    store_of(job).write(3, FACTS, slot, lambda file: file.write(b""), Path(job.output_folder) / "checkpoints")
    found = store_of(job).find()
    assert found is not None
    assert (found.index, list(found.commits)) == (2, [2, 3])
    (Path(job.output_folder) / FOLDER / JOURNAL).unlink()
    assert store_of(job).find() is None


@pytest.mark.parametrize("name", ["weights", "counts", "learner", "state.json"])
@pytest.mark.parametrize("way", ["changed", "shorter", "absent", "linked"])
def test_what_is_not_what_was_written_is_not_believed(job: Job, slot: Slot, name: str, way: str) -> None:
    keep(job, slot, 3)
    path = Path(job.output_folder) / FOLDER / "at-3" / name
    content = path.read_bytes()
    path.unlink()
    match way:
        case "changed":
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        case "shorter":
            path.write_bytes(content[:-1])
        case "linked":
            elsewhere = path.with_name("elsewhere")
            elsewhere.write_bytes(content)
            path.symlink_to(elsewhere)
    with pytest.raises(CheckpointDamaged) as error:
        store_of(job).find()
    assert error.value.code == "checkpoint_damaged"


def test_the_one_before_stands_in_for_a_damaged_one(job: Job, slot: Slot) -> None:
    keep(job, slot, 3, 5)
    (Path(job.output_folder) / FOLDER / "at-5" / "weights").write_bytes(b"")
    found = store_of(job).find()
    assert found is not None
    assert found.index == 3


@pytest.mark.parametrize("change", [{"run_secret": "5f" * 32}, {"run_id": "other"}])
def test_who_does_not_hold_the_secret_of_the_run_writes_no_checkpoint(
    job: Job, slot: Slot, change: dict[str, Any]
) -> None:
    keep(replace(job, **change), slot, 3)
    with pytest.raises(CheckpointDamaged):
        store_of(job).find()


def test_one_of_another_identity_is_foreign(job: Job, slot: Slot) -> None:
    keep(job, slot, 3)
    with pytest.raises(CheckpointForeign) as error:
        Store(job, "another").find()
    assert error.value.code == "checkpoint_foreign"


def test_what_is_refused_leaves_nothing_and_no_witness(job: Job, slot: Slot) -> None:
    own = Path(job.output_folder) / "checkpoints"
    (own / "link").symlink_to("/etc/passwd")
    with pytest.raises(FilesRefused):
        store_of(job).write(3, FACTS, slot, lambda file: file.write(b""), own)
    assert list((Path(job.output_folder) / FOLDER).iterdir()) == []


def test_a_disk_with_too_little_room_is_left_alone(
    job: Job, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_store, "FREE_SHARE", 1 << 50)
    with pytest.raises(OSError, match="fill the disk"):
        keep(job, slot, 3)
    assert list((Path(job.output_folder) / FOLDER).iterdir()) == []


def test_a_linked_folder_holds_no_checkpoints(job: Job, slot: Slot, tmp_path: Path) -> None:
    keep(job, slot, 3)
    folder = Path(job.output_folder) / FOLDER
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert store_of(job).find() is None
    store_of(job).forget()
    assert (tmp_path / "elsewhere" / "at-3").is_dir()


def test_what_a_run_keeps_is_bounded(job: Job) -> None:
    small = replace(job.limits, artifacts_quota_bytes=1 << 20, max_parameters=1000)
    assert most_bytes(small) < 2 << 30


def test_a_journal_forgets_a_line_that_was_torn(tmp_path: Path) -> None:
    journal = Journal.read(tmp_path)
    journal.enter(4, "four")
    journal.enter(4, "again")
    journal.enter_resumption(4)
    with journal.path.open("ab") as file:
        file.write(b'{"commit": 5, "sha')
    again = Journal.read(tmp_path)
    again.enter(5, "five")
    assert Journal.read(tmp_path).commits == {4: "four", 5: "five"}
    assert Journal.read(tmp_path).resumed == [4]


CHANGES: dict[str, dict[str, Any]] = {
    "seed": {"seed": 1},
    "secret": {"run_secret": "00" * 32},
    "run": {"run_id": "another"},
    "sandbox": {"sandbox": "off"},
    "precision": {"precision": "bf16"},
    "checkpoints": {"checkpoints": 3},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_decides_a_result_is_part_of_a_runs_identity(job: Job, change: dict[str, Any]) -> None:
    assert identity_of(replace(job, **change)) != identity_of(job)


def test_text_limits_and_files_are_part_of_a_runs_identity(job: Job, tmp_path: Path) -> None:
    before = identity_of(job)
    assert identity_of(replace(job, stream=replace(job.stream, sha256="0" * 64))) != before
    assert identity_of(replace(job, limits=replace(job.limits, wall_seconds=1.0))) != before
    (Path(job.bundle.folder) / "training.py").write_text("pass\n")
    assert identity_of(job) != before


def test_where_a_run_is_carried_out_is_no_part_of_its_identity(job: Job, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    Path(job.bundle.folder).rename(moved)
    elsewhere = replace(job, output_folder="/elsewhere", bundle=replace(job.bundle, folder=str(moved)))
    moved_identity = identity_of(elsewhere)
    moved.rename(job.bundle.folder)
    assert moved_identity == identity_of(job)


class TestResumption:
    """Commits 3 to 5 were made before the host failed."""

    @pytest.fixture
    def told(self) -> list[dict[str, Any]]:
        return []

    @pytest.fixture
    def resumption(self, told: list[dict[str, Any]], tmp_path: Path) -> Resumption:
        saved = checkpoint_store.Saved(3, tmp_path, {}, {3: "c", 4: "d", 5: "e"})
        return Resumption(saved, told.append)

    def test_nothing_is_told_before_all_has_come_again(
        self, resumption: Resumption, told: list[dict[str, Any]]
    ) -> None:
        for index, sha256 in [(3, "c"), (4, "d")]:
            resumption.committed(index, sha256)
            resumption.emit({"index": index})
        assert told == []
        resumption.committed(5, "e")
        resumption.emit({"index": 5})
        assert [line["index"] for line in told] == [3, 4, 5]
        resumption.committed(6, "anything")
        resumption.ended("returned")

    @pytest.mark.parametrize(
        ("commits", "code"),
        [
            ([(3, "x")], "weights_differ"),
            ([(3, "c"), (4, "x")], "training_differs"),
            ([(3, "c"), (5, "e")], None),
            ([(4, "d")], None),
            ([(7, "x")], "training_differs"),
        ],
    )
    def test_another_commit_ends_it(
        self, resumption: Resumption, commits: list[tuple[int, str]], code: str | None
    ) -> None:
        with pytest.raises(CannotResume) as error:
            self.go_on(resumption, commits)
        assert error.value.code == (code or "ended_early")

    def go_on(self, resumption: Resumption, commits: list[tuple[int, str]]) -> None:
        for commit in commits:
            resumption.committed(*commit)
        resumption.ended("over")

    def test_without_later_commits_another_way_of_learning_would_pass(self, tmp_path: Path) -> None:
        """The control: it is the later commits that tell."""
        unwitnessed = Resumption(checkpoint_store.Saved(3, tmp_path, {}, {3: "c"}), lambda line: None)
        unwitnessed.committed(3, "c")
        unwitnessed.committed(4, "x")
        unwitnessed.ended("over")
