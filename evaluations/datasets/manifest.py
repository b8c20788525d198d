"""MANIFEST.json: what data a folder holds, down to the hash of every shard."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluations.datasets.atomic import atomic_file
from evaluations.datasets.errors import DataMissing, ManifestInvalid
from evaluations.datasets.split import Split

NAME = "MANIFEST.json"
SCHEMA_VERSION = "prism_data.v1"


@dataclass(frozen=True)
class ShardRecord:
    """One Parquet file; `path` is relative to the folder of the manifest."""

    path: str
    sha256: str
    bytes: int
    documents: int
    text_bytes: int


@dataclass(frozen=True)
class SplitRecord:
    """The shards of one split, in order."""

    shards: tuple[ShardRecord, ...]

    @property
    def documents(self) -> int:
        return sum(shard.documents for shard in self.shards)

    @property
    def text_bytes(self) -> int:
        return sum(shard.text_bytes for shard in self.shards)

    @property
    def bytes(self) -> int:
        return sum(shard.bytes for shard in self.shards)


@dataclass(frozen=True)
class DataManifest:
    """A manifest as read; `sha256` is that of the file itself, and names the data in every run.

    It holds no date, so that preparing the same revision twice gives the same hash.
    """

    source: str
    dataset: str
    subset: str | None
    revision: str
    splits: Mapping[str, SplitRecord]
    sha256: str


def write_manifest(
    folder: Path,
    *,
    source: str,
    dataset: str,
    subset: str | None,
    revision: str,
    splits: Mapping[Split, SplitRecord],
) -> None:
    """Write MANIFEST.json atomically; its presence says that the folder is complete."""
    identity = {"source": source, "dataset": dataset, "subset": subset, "revision": revision}
    body = {"schema_version": SCHEMA_VERSION, **identity, "splits": _splits_json(splits)}
    with atomic_file(folder / NAME) as file:
        file.write(json.dumps(body, indent=1).encode() + b"\n")


def _splits_json(splits: Mapping[Split, SplitRecord]) -> dict[str, Any]:
    return {
        name: {
            "documents": split.documents,
            "text_bytes": split.text_bytes,
            "bytes": split.bytes,
            "shards": [asdict(shard) for shard in split.shards],
        }
        for name, split in splits.items()
    }


def load_manifest(folder: Path) -> DataManifest:
    """Read MANIFEST.json of `folder`; raises DataMissing or ManifestInvalid."""
    path = folder / NAME
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataMissing(f"{path}: no prepared data; run `manage.py prepare_data`") from error
    try:
        return _parse(json.loads(raw), hashlib.sha256(raw).hexdigest())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ManifestInvalid(f"{path}: not a {SCHEMA_VERSION} manifest ({error})") from error


def _parse(body: dict[str, Any], sha256: str) -> DataManifest:
    if body["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {body['schema_version']!r}")
    splits = {
        name: SplitRecord(tuple(ShardRecord(**shard) for shard in split["shards"]))
        for name, split in body["splits"].items()
    }
    return DataManifest(
        source=body["source"],
        dataset=body["dataset"],
        subset=body["subset"],
        revision=body["revision"],
        splits=splits,
        sha256=sha256,
    )
