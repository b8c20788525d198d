"""Locked shards: verified against their manifest, and read in an order that a seed decides."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluations.datasets.documents import Document
from evaluations.datasets.errors import DataMissing, ShardChanged
from evaluations.datasets.manifest import DataManifest, ShardRecord, load_manifest
from evaluations.datasets.split import Split

__all__ = ["check_shard", "iter_documents", "load_manifest", "permutation", "verify"]


def verify(data_dir: Path) -> DataManifest:
    """Re-hash every shard of the folder's manifest; raises ShardChanged with the shard's name."""
    manifest = load_manifest(data_dir)
    for split in manifest.splits.values():
        for record in split.shards:
            check_shard(data_dir, record)
    return manifest


def check_shard(folder: Path, record: ShardRecord) -> None:
    """Raise ShardChanged unless the file has exactly the recorded bytes."""
    path = folder / record.path
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ShardChanged(f"{path}: shard is missing") from error
    _compare(path, actual, record)


def _compare(path: Path, actual: str, record: ShardRecord) -> None:
    if actual != record.sha256:
        raise ShardChanged(f"{path}: sha256 is {actual}, the manifest says {record.sha256}")


def iter_documents(data_dir: Path, split: Split, order_seed: int) -> Iterator[Document]:
    """Documents of a split in the locked order of `order_seed`: shards permuted, then each shard's rows.

    One shard is held in memory. The bytes that are parsed are the bytes that were hashed, so a shard
    that changes under a running reader is caught too. Raises DataMissing and ShardChanged.
    """
    manifest = load_manifest(data_dir)
    if split not in manifest.splits:
        raise DataMissing(f"{data_dir}: no split {split!r}, only {', '.join(manifest.splits)}")
    shards = manifest.splits[split].shards
    for number in permutation(len(shards), order_seed, 0):
        table = _read(data_dir, shards[number])
        for row in permutation(table.num_rows, order_seed, int(number) + 1):
            yield Document(table["text"][int(row)].as_py(), table["id"][int(row)].as_py())


def _read(folder: Path, record: ShardRecord) -> pa.Table:
    path = folder / record.path
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise ShardChanged(f"{path}: shard is missing") from error
    _compare(path, hashlib.sha256(raw).hexdigest(), record)
    return pq.read_table(pa.BufferReader(raw), columns=["id", "text"])


def permutation(size: int, order_seed: int, key: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """A permutation of `range(size)` (shape (size,)) by sorting raw PCG64 output; one per `key` of a seed.

    Raw output is what NumPy promises never to change; `Generator.permutation` carries no such promise.
    Raises ValueError for a negative seed or key.
    """
    sequence = np.random.SeedSequence(order_seed, spawn_key=(key,))
    return np.argsort(np.random.PCG64(sequence).random_raw(size), kind="stable")
