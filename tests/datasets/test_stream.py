"""The stream of a run: locked bytes, cut at a character, refused when data is short."""

import hashlib
from pathlib import Path

import pytest

from evaluations.datasets.errors import DataExhausted, DataMissing, ShardChanged
from evaluations.datasets.plan import local_plan
from evaluations.datasets.prepare import prepare
from evaluations.datasets.shards import iter_documents, load_manifest
from evaluations.datasets.stream import materialise_heldout, materialise_stream


@pytest.fixture
def data_dir(tmp_path: Path, jsonl: Path) -> Path:
    prepare(local_plan([jsonl], shard_bytes=30_000), tmp_path / "data", tmp_path / "secret")
    return tmp_path / "data"


@pytest.fixture
def whole(data_dir: Path) -> bytes:
    return b"\n\n".join(document.data for document in iter_documents(data_dir, "train", 9))


def test_a_stream_is_the_documents_in_locked_order(data_dir: Path, whole: bytes, tmp_path: Path) -> None:
    out = tmp_path / "run" / "stream.bin"
    stream = materialise_stream(data_dir, order_seed=9, byte_budget=len(whole), out=out)
    manifest = load_manifest(data_dir)
    assert out.read_bytes() == whole
    assert stream.path == out
    assert stream.sha256 == hashlib.sha256(whole).hexdigest()
    assert (stream.bytes, stream.order_seed) == (len(whole), 9)
    assert (stream.source, stream.revision) == ("local", manifest.revision)
    assert stream.manifest_sha256 == manifest.sha256


def test_every_budget_gives_the_longest_whole_character_prefix(
    data_dir: Path, whole: bytes, tmp_path: Path
) -> None:
    for budget in range(1000, 1200):
        stream = materialise_stream(data_dir, order_seed=9, byte_budget=budget, out=tmp_path / "s")
        data = (tmp_path / "s").read_bytes()
        assert data == whole[:budget].decode(errors="ignore").encode()
        assert budget - 3 <= stream.bytes == len(data) <= budget


def test_another_seed_gives_other_bytes(data_dir: Path, tmp_path: Path) -> None:
    streams = {
        materialise_stream(data_dir, order_seed=seed, byte_budget=5000, out=tmp_path / "s").sha256
        for seed in (1, 1, 2, 3)
    }
    assert len(streams) == 3


def test_data_smaller_than_the_budget_is_refused_with_figures(
    data_dir: Path, whole: bytes, tmp_path: Path
) -> None:
    with pytest.raises(DataExhausted, match=rf"holds {len(whole)} bytes .* needs {len(whole) + 1}"):
        materialise_stream(data_dir, order_seed=9, byte_budget=len(whole) + 1, out=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_short_stream_may_be_allowed(data_dir: Path, whole: bytes, tmp_path: Path) -> None:
    stream = materialise_stream(
        data_dir, order_seed=9, byte_budget=10**9, out=tmp_path / "s", allow_short=True
    )
    assert stream.bytes == len(whole)


@pytest.mark.parametrize("byte_budget", [0, -1])
def test_a_budget_must_be_positive(data_dir: Path, tmp_path: Path, byte_budget: int) -> None:
    with pytest.raises(ValueError, match="byte_budget"):
        materialise_stream(data_dir, order_seed=0, byte_budget=byte_budget, out=tmp_path / "s")


def test_a_changed_shard_stops_the_run_even_beyond_the_budget(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"earlier")
    for shard in sorted((data_dir / "train").glob("*.parquet")):
        original = shard.read_bytes()
        shard.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
        with pytest.raises(ShardChanged, match=shard.name):
            materialise_stream(data_dir, order_seed=9, byte_budget=100, out=tmp_path / "s")
        shard.write_bytes(original)
    assert (tmp_path / "s").read_bytes() == b"earlier"


def test_the_secret_folder_cannot_be_streamed(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises((DataMissing, DataExhausted)):
        materialise_stream(
            tmp_path / "secret", order_seed=0, byte_budget=10, out=tmp_path / "s", allow_short=True
        )


def test_the_heldout_stream_is_val_text_that_only_we_may_read(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "heldout" / "stream.txt"
    stream = materialise_heldout(
        tmp_path / "secret", order_seed=9, byte_budget=2000, out=out, allow_short=True
    )
    val = b"\n\n".join(document.data for document in iter_documents(tmp_path / "secret", "val", 9))
    assert out.read_bytes() == val[:2000].decode(errors="ignore").encode()
    assert (stream.sha256, stream.order_seed) == (hashlib.sha256(out.read_bytes()).hexdigest(), 9)
    assert (out.stat().st_mode & 0o077, out.parent.stat().st_mode & 0o077) == (0, 0)


def test_the_heldout_stream_shares_no_text_with_train(data_dir: Path, tmp_path: Path) -> None:
    val = {document.data for document in iter_documents(tmp_path / "secret", "val", 9)}
    assert val
    assert not val & {document.data for document in iter_documents(data_dir, "train", 9)}


def test_too_little_heldout_text_is_refused_by_name(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(DataExhausted, match="val holds"):
        materialise_heldout(tmp_path / "secret", order_seed=9, byte_budget=10**9, out=tmp_path / "h" / "s")
