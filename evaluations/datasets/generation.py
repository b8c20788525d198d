"""One generation of shards: the documents between two checkpoints, spread over the splits."""

from collections.abc import Mapping
from pathlib import Path

from evaluations.datasets.documents import Document
from evaluations.datasets.manifest import ShardRecord
from evaluations.datasets.shard_writer import ShardWriter
from evaluations.datasets.split import Shares, Split, split_of


class Generation:
    """At most one shard per split, all closed together, so that a checkpoint is one moment for all."""

    def __init__(self, number: int, folders: Mapping[Split, Path], shares: Shares) -> None:
        self._number = number
        self._folders = folders
        self._shares = shares
        self._writers: dict[Split, ShardWriter] = {}
        self.documents = 0
        self.text_bytes = 0

    def add(self, document: Document) -> None:
        split = split_of(document.sha256, self._shares)
        if split not in self._writers:
            self._writers[split] = ShardWriter(
                self._folders[split], f"{split}/shard-{self._number:05d}.parquet"
            )
        self._writers[split].add(document)
        self.documents += 1
        self.text_bytes += len(document.data)

    def close(self) -> dict[Split, ShardRecord]:
        return {split: writer.close() for split, writer in self._writers.items()}

    def abandon(self) -> None:
        for writer in self._writers.values():
            writer.abandon()
