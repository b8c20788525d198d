"""One Parquet shard (columns id, text, sha256; zstd), written as documents come."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from evaluations.datasets.atomic import TEMPORARY, commit_file
from evaluations.datasets.documents import Document
from evaluations.datasets.manifest import ShardRecord

SCHEMA = pa.schema([("id", pa.string()), ("text", pa.string()), ("sha256", pa.string())])
# A row group is what memory holds; its size depends on the documents alone, so bytes repeat.
ROW_GROUP_BYTES = 4 * 2**20


class ShardWriter:
    """Collects documents into `folder/name`; nothing stands under that name before `close`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        self._name = name
        self._temporary = self._path.with_name(self._path.name + TEMPORARY)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._parquet = pq.ParquetWriter(self._temporary, SCHEMA, compression="zstd")
        self._pending: list[Document] = []
        self._pending_bytes = 0
        self._documents = 0
        self._text_bytes = 0

    def add(self, document: Document) -> None:
        self._pending.append(document)
        self._pending_bytes += len(document.data)
        if self._pending_bytes >= ROW_GROUP_BYTES:
            self._write_row_group()

    def close(self) -> ShardRecord:
        """Finish the file durably and give its record."""
        self._write_row_group()
        self._parquet.close()
        with self._temporary.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = self._temporary.stat().st_size
        commit_file(self._temporary, self._path)
        return ShardRecord(self._name, sha256, size, self._documents, self._text_bytes)

    def abandon(self) -> None:
        """Leave no trace of an unfinished shard."""
        self._parquet.close()
        self._temporary.unlink(missing_ok=True)

    def _write_row_group(self) -> None:
        if not self._pending:
            return
        columns = [
            [document.source_id for document in self._pending],
            [document.text for document in self._pending],
            [document.sha256 for document in self._pending],
        ]
        self._parquet.write_table(pa.table(columns, schema=SCHEMA))
        self._documents += len(self._pending)
        self._text_bytes += self._pending_bytes
        self._pending, self._pending_bytes = [], 0
