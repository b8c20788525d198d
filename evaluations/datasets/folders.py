"""Where prepared data lies: train in one folder, val and test, which are secret, in another."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from evaluations.datasets import journal, manifest
from evaluations.datasets.errors import FoldersInvalid
from evaluations.datasets.manifest import ShardRecord
from evaluations.datasets.split import SPLITS, Split

Folders = Mapping[Split, Path]


def folders_of(data_dir: Path, val_data_dir: Path) -> Folders:
    """Raises FoldersInvalid when both are one."""
    if data_dir.resolve() == val_data_dir.resolve():
        raise FoldersInvalid(f"{data_dir}: train and held-out data need distinct folders")
    return {"train": data_dir, "val": val_data_dir, "test": val_data_dir}


def has_manifests(folders: Folders) -> bool:
    return all((folder / manifest.NAME).is_file() for folder in folders.values())


def strangers(folders: Folders) -> list[Path]:
    """Shards and manifests that stand in the folders already."""
    shards = [path for split in SPLITS for path in _shard_files(folders[split], split)]
    return shards + [path for folder in set(folders.values()) for path in folder.glob(manifest.NAME)]


def discard(folders: Folders) -> None:
    """Forget prepared data; the train manifest goes first, so that nothing half-deleted looks whole."""
    for path in (
        folders["train"] / manifest.NAME,
        folders["val"] / journal.NAME,
        folders["val"] / manifest.NAME,
    ):
        path.unlink(missing_ok=True)
    for split in SPLITS:
        remove_unrecorded(folders[split], split, ())


def remove_unrecorded(folder: Path, split: Split, records: Iterable[ShardRecord]) -> None:
    """Delete what a killed preparation left of the generation after its last checkpoint."""
    recorded = {folder / record.path for record in records}
    for path in _shard_files(folder, split):
        if path not in recorded:
            path.unlink()


def _shard_files(folder: Path, split: Split) -> list[Path]:
    return sorted((folder / split).glob("shard-*.parquet*"))
