"""Locked shards: any changed byte is caught and named; the order is a function of the seed."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluations.datasets.errors import DataMissing, ManifestInvalid, ShardChanged
from evaluations.datasets.plan import local_plan
from evaluations.datasets.prepare import prepare
from evaluations.datasets.shards import iter_documents, load_manifest, permutation, verify


@pytest.fixture
def data_dir(tmp_path: Path, jsonl: Path) -> Path:
    prepare(local_plan([jsonl], shard_bytes=30_000), tmp_path / "data", tmp_path / "secret")
    return tmp_path / "data"


def test_untouched_shards_verify(data_dir: Path) -> None:
    manifest = verify(data_dir)
    assert manifest == load_manifest(data_dir)
    assert len(manifest.splits["train"].shards) > 2
    assert manifest.splits["train"].text_bytes == sum(
        len(document.data) for document in iter_documents(data_dir, "train", 3)
    )


@pytest.mark.parametrize("position", [0, 0.5, 1])
def test_a_changed_byte_is_caught_and_the_shard_named(data_dir: Path, position: float) -> None:
    shard = data_dir / "train" / "shard-00001.parquet"
    raw = bytearray(shard.read_bytes())
    raw[int(position * (len(raw) - 1))] ^= 1
    shard.write_bytes(raw)
    with pytest.raises(ShardChanged, match=r"train/shard-00001\.parquet"):
        verify(data_dir)
    with pytest.raises(ShardChanged, match=r"train/shard-00001\.parquet"):
        list(iter_documents(data_dir, "train", 0))


def test_a_missing_shard_is_named(data_dir: Path) -> None:
    (data_dir / "train" / "shard-00000.parquet").unlink()
    with pytest.raises(ShardChanged, match=r"shard-00000\.parquet: shard is missing"):
        verify(data_dir)
    with pytest.raises(ShardChanged, match="missing"):
        list(iter_documents(data_dir, "train", 0))


def test_a_shard_that_changes_under_a_reader_is_caught(data_dir: Path) -> None:
    documents = iter_documents(data_dir, "train", 0)
    next(documents)
    for shard in (data_dir / "train").glob("*.parquet"):
        shard.write_bytes(b"other")
    with pytest.raises(ShardChanged):
        list(documents)


def test_a_folder_without_data_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="prepare_data"):
        verify(tmp_path)


def test_a_split_of_the_other_folder_is_not_found(data_dir: Path) -> None:
    with pytest.raises(DataMissing, match="no split 'val'"):
        next(iter_documents(data_dir, "val", 0))


@pytest.mark.parametrize(
    "content", ["", "null", "[]", "{}", '{"schema_version": "prism_data.v1"}', "\udcff", "[" * 100_000]
)
def test_what_is_not_a_manifest_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "MANIFEST.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ManifestInvalid, match=r"MANIFEST\.json"):
        load_manifest(tmp_path)


def test_a_manifest_of_another_schema_is_refused(data_dir: Path) -> None:
    path = data_dir / "MANIFEST.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": "prism_data.v2"}))
    with pytest.raises(ManifestInvalid, match=r"prism_data\.v2"):
        load_manifest(data_dir)


def test_a_seed_decides_the_order_and_nothing_else_does(data_dir: Path) -> None:
    first = [document.source_id for document in iter_documents(data_dir, "train", 1)]
    assert first == [document.source_id for document in iter_documents(data_dir, "train", 1)]
    other = [document.source_id for document in iter_documents(data_dir, "train", 2)]
    assert first != other
    assert sorted(first) == sorted(other)


def test_permutations_are_golden() -> None:
    """Fixed for ever: another order would be another score for the same submission."""
    assert permutation(8, 1, 0).tolist() == [4, 6, 1, 3, 2, 0, 5, 7]
    assert permutation(8, 1, 1).tolist() == [5, 3, 2, 7, 0, 1, 4, 6]
    assert permutation(8, 2**32 + 1, 0).tolist() == [0, 4, 5, 7, 6, 3, 2, 1]


@pytest.mark.parametrize("size", [0, 1, 2, 1000])
def test_a_permutation_holds_every_index_once(size: int) -> None:
    assert np.array_equal(np.sort(permutation(size, 5, 0)), np.arange(size))


def test_seeds_must_not_be_negative(data_dir: Path) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        next(iter_documents(data_dir, "train", -1))
