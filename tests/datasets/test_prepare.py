"""Preparation: disjoint splits, limits, repeatable bytes, refusals."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evaluations.datasets.errors import (
    DataBusy,
    FoldersInvalid,
    ManifestInvalid,
    PlanDiffers,
    ShardChanged,
    SourceBroken,
    SourceEmpty,
)
from evaluations.datasets.folder_lock import folder_lock
from evaluations.datasets.plan import DataPlan, local_plan
from evaluations.datasets.prepare import prepare, prepared
from evaluations.datasets.shards import iter_documents, load_manifest, verify
from evaluations.datasets.split import Shares, split_of

FolderBytes = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def plan(jsonl: Path) -> DataPlan:
    return local_plan([jsonl.parent], shard_bytes=30_000)


def test_every_document_is_in_exactly_one_split(tmp_path: Path, plan: DataPlan, texts: list[str]) -> None:
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    train = {document.text for document in iter_documents(tmp_path / "data", "train", 0)}
    val = {document.text for document in iter_documents(tmp_path / "secret", "val", 0)}
    test = {document.text for document in iter_documents(tmp_path / "secret", "test", 0)}
    assert train | val | test == set(texts)
    assert len(train) + len(val) + len(test) == len(texts)
    assert val
    assert test


def test_a_text_that_comes_twice_stays_in_one_split(tmp_path: Path, jsonl: Path, texts: list[str]) -> None:
    (jsonl.parent / "again.jsonl").write_bytes(jsonl.read_bytes())
    prepare(local_plan([jsonl.parent]), tmp_path / "data", tmp_path / "secret")
    train = [document.text for document in iter_documents(tmp_path / "data", "train", 0)]
    val = [document.text for document in iter_documents(tmp_path / "secret", "val", 0)]
    assert len(train) == 2 * len(set(train))
    assert not set(train) & set(val)


def test_shares_are_respected_over_many_hashes() -> None:
    shares = Shares(val=100, test=300)
    splits = [split_of(f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}", shares) for number in range(20_000)]
    assert abs(splits.count("val") - 200) < 40
    assert abs(splits.count("test") - 600) < 60


@pytest.mark.parametrize(
    ("hash_start", "split"), [("0" * 16, "val"), ("1" + "0" * 15, "test"), ("f" * 16, "train")]
)
def test_the_split_is_a_fixed_function_of_the_hash(hash_start: str, split: str) -> None:
    assert split_of(hash_start + "0" * 48, Shares(val=500, test=500)) == split


def test_the_manifest_of_train_says_nothing_about_held_out_shards(tmp_path: Path, plan: DataPlan) -> None:
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    assert set(load_manifest(tmp_path / "data").splits) == {"train"}
    held_out = load_manifest(tmp_path / "secret")
    assert set(held_out.splits) == {"val", "test"}
    public = (tmp_path / "data" / "MANIFEST.json").read_text()
    assert not any(shard.sha256 in public for split in held_out.splits.values() for shard in split.shards)


def test_two_preparations_give_the_same_bytes(
    tmp_path: Path, plan: DataPlan, folder_bytes: FolderBytes
) -> None:
    first = prepare(plan, tmp_path / "a", tmp_path / "a" / "secret")
    second = prepare(plan, tmp_path / "b", tmp_path / "b" / "secret")
    assert folder_bytes(tmp_path / "a") == folder_bytes(tmp_path / "b")
    assert first == second


@pytest.mark.parametrize("limit", [1, 57, 399, 400, 1000])
def test_a_limit_of_documents_is_exact(tmp_path: Path, plan: DataPlan, limit: int) -> None:
    plan = replace(plan, limit_documents=limit, shares=Shares(val=0, test=0))
    manifest = prepare(plan, tmp_path / "data", tmp_path / "secret")
    assert manifest.splits["train"].documents == min(limit, 400)


def test_a_limit_of_bytes_is_not_crossed(tmp_path: Path, plan: DataPlan, texts: list[str]) -> None:
    ten = sum(len(text.encode()) for text in texts[:10])
    for extra, documents in ((-1, 9), (0, 10), (1, 10)):
        limited = replace(plan, limit_bytes=ten + extra, shares=Shares(val=0, test=0))
        manifest = prepare(limited, tmp_path / f"data{extra}", tmp_path / f"secret{extra}")
        assert manifest.splits["train"].documents == documents


@pytest.mark.parametrize("name", ["limit_documents", "limit_bytes", "shard_bytes"])
def test_limits_must_be_positive(plan: DataPlan, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(plan, **{name: 0})


def test_a_finished_preparation_is_not_done_again(tmp_path: Path, plan: DataPlan) -> None:
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*.parquet")}
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*.parquet")} == before


def test_lost_manifests_are_written_again(tmp_path: Path, plan: DataPlan) -> None:
    first = prepare(plan, tmp_path / "data", tmp_path / "secret")
    (tmp_path / "data" / "MANIFEST.json").unlink()
    assert prepared(tmp_path / "data", tmp_path / "secret") is None
    assert prepare(plan, tmp_path / "data", tmp_path / "secret") == first


def test_other_arguments_are_refused_unless_forced(
    tmp_path: Path, plan: DataPlan, folder_bytes: FolderBytes
) -> None:
    prepare(plan, tmp_path / "data", tmp_path / "data" / "secret")
    other = replace(plan, limit_documents=100)
    with pytest.raises(PlanDiffers, match="limit_documents was None, now 100"):
        prepare(other, tmp_path / "data", tmp_path / "data" / "secret")
    prepare(other, tmp_path / "data", tmp_path / "data" / "secret", force=True)
    prepare(other, tmp_path / "fresh", tmp_path / "fresh" / "secret")
    assert folder_bytes(tmp_path / "data") == folder_bytes(tmp_path / "fresh")


def test_changed_source_files_are_other_arguments(tmp_path: Path, plan: DataPlan, jsonl: Path) -> None:
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    jsonl.write_bytes(jsonl.read_bytes() + b'{"text": "one more"}\n')
    with pytest.raises(PlanDiffers, match="revision was sha256:"):
        prepare(local_plan([jsonl.parent], shard_bytes=30_000), tmp_path / "data", tmp_path / "secret")


def test_shards_of_unknown_origin_are_left_alone(tmp_path: Path, plan: DataPlan) -> None:
    foreign = tmp_path / "data" / "train" / "shard-00000.parquet"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody's work")
    with pytest.raises(PlanDiffers, match=r"shard-00000\.parquet"):
        prepare(plan, tmp_path / "data", tmp_path / "secret")
    assert foreign.read_bytes() == b"somebody's work"


def test_a_source_that_broke_at_once_leaves_the_folder_free(
    tmp_path: Path, plan: DataPlan, jsonl: Path
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("broken")
    with pytest.raises(SourceBroken):
        prepare(local_plan([broken]), tmp_path / "data", tmp_path / "secret")
    assert not list((tmp_path / "data").rglob("*.parquet*"))
    assert prepare(plan, tmp_path / "data", tmp_path / "secret").splits["train"].documents > 0


def test_a_source_that_breaks_later_keeps_its_checkpoints(tmp_path: Path, jsonl: Path) -> None:
    jsonl.write_bytes(jsonl.read_bytes() + b"broken\n")
    plan = local_plan([jsonl], shard_bytes=30_000)
    with pytest.raises(SourceBroken, match="row 401"):
        prepare(plan, tmp_path / "data", tmp_path / "secret")
    assert json.loads((tmp_path / "secret" / "JOURNAL.json").read_text())["generation"] > 0
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_source_without_train_documents_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "blank.jsonl"
    path.write_text("\n\n")
    with pytest.raises(SourceEmpty):
        prepare(local_plan([path]), tmp_path / "data", tmp_path / "secret")
    assert prepared(tmp_path / "data", tmp_path / "secret") is None


def test_a_changed_shard_stops_going_on(tmp_path: Path, plan: DataPlan) -> None:
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    shard = tmp_path / "secret" / "val" / "shard-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ShardChanged, match=str(shard)):
        prepare(plan, tmp_path / "data", tmp_path / "secret")
    with pytest.raises(ShardChanged, match=str(shard)):
        prepared(tmp_path / "data", tmp_path / "secret")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"arguments": {}, "shards": {}}'])
def test_a_foreign_journal_is_refused(tmp_path: Path, plan: DataPlan, content: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "JOURNAL.json").write_text(content)
    with pytest.raises(ManifestInvalid, match=r"JOURNAL\.json"):
        prepare(plan, tmp_path / "data", tmp_path / "secret")
    prepare(plan, tmp_path / "data", tmp_path / "secret", force=True)


def test_train_and_held_out_data_need_two_folders(tmp_path: Path, plan: DataPlan) -> None:
    with pytest.raises(FoldersInvalid):
        prepare(plan, tmp_path / "data", tmp_path / "x" / ".." / "data")


def test_a_second_preparation_of_one_folder_is_refused(tmp_path: Path, plan: DataPlan) -> None:
    with folder_lock(tmp_path / "data"), pytest.raises(DataBusy):
        prepare(plan, tmp_path / "data", tmp_path / "secret")
    prepare(plan, tmp_path / "data", tmp_path / "secret")
    verify(tmp_path / "secret")
