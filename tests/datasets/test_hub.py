"""The hub's reader, driven through `load_dataset` on a local folder of the same schema."""

import json
from itertools import islice
from pathlib import Path

import pytest

from evaluations.datasets.errors import SourceUnavailable, SourceUnsupported
from evaluations.datasets.hub import check_pinned, hub_documents
from evaluations.datasets.plan import HUB_SHARES, DataPlan
from evaluations.datasets.prepare import prepare
from evaluations.datasets.shards import verify

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_rows_of_a_data_set_come_in_order(parquet: Path, texts: list[str]) -> None:
    documents = hub_documents(str(parquet.parent), "default", COMMIT)
    assert [document.text for document in documents] == texts


@pytest.mark.parametrize("taken", [1, 37, 100, 399, 400])
def test_a_stream_goes_on_from_its_saved_state(parquet: Path, texts: list[str], taken: int) -> None:
    stream = hub_documents(str(parquet.parent), "default", COMMIT)
    assert len(list(islice(stream, taken))) == taken
    state = json.loads(json.dumps(stream.state()))
    rest = hub_documents(str(parquet.parent), "default", COMMIT, state)
    assert [document.text for document in rest] == texts[taken:]


def test_a_data_set_of_the_hub_becomes_locked_shards(tmp_path: Path, parquet: Path, texts: list[str]) -> None:
    plan = DataPlan("hub", str(parquet.parent), "default", COMMIT, HUB_SHARES, shard_bytes=20_000)
    manifest = prepare(plan, tmp_path / "data", tmp_path / "secret")
    held_out = verify(tmp_path / "secret")
    assert manifest.revision == COMMIT
    assert len(manifest.splits["train"].shards) > 1
    documents = [split.documents for split in (*manifest.splits.values(), *held_out.splits.values())]
    assert sum(documents) == len(texts)


def test_a_stream_that_fails_half_way_says_that_the_source_is_out_of_reach(parquet: Path) -> None:
    stream = hub_documents(str(parquet.parent), "default", COMMIT)
    parquet.unlink()
    with pytest.raises(SourceUnavailable, match="row 1"):
        list(stream)


def test_a_data_set_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="absent"):
        hub_documents(str(tmp_path / "absent"), "default", COMMIT)


@pytest.mark.parametrize(
    ("subset", "revision"),
    [("sample-350BT", COMMIT), ("sample-10BT", "main"), ("sample-10BT", COMMIT[:7]), ("", COMMIT)],
)
def test_only_known_subsets_at_a_commit_are_prepared(subset: str, revision: str) -> None:
    with pytest.raises(SourceUnsupported):
        check_pinned(subset, revision)


@pytest.mark.parametrize("subset", ["sample-10BT", "sample-100BT"])
def test_a_known_subset_at_a_commit_is_accepted(subset: str) -> None:
    check_pinned(subset, COMMIT)
