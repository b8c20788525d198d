"""Documents of a streaming `datasets.IterableDataset`: one Parquet file, or a data set of the hub."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from evaluations.datasets.documents import Document
from evaluations.datasets.errors import DataError, SourceBroken
from evaluations.datasets.rows import document_of

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import IterableDataset


class StreamedRows:
    """Reads `text` and `id` of each row; the library's own state lets it go on without re-reading.

    `unreadable` is what a failure of the library itself becomes: a broken file, or a hub out of reach.
    """

    def __init__(
        self,
        dataset: "IterableDataset",
        *,
        name: str,
        unreadable: type[DataError] = SourceBroken,
        state: dict[str, Any] | None = None,
    ) -> None:
        # Arrow format hands out one-row tables: text is decoded here, so that bad UTF-8 has a row number.
        self._dataset = dataset.with_format("arrow")
        self._name = name
        self._unreadable = unreadable
        self._row = int(state["row"]) if state else 0
        if state:
            self._dataset.load_state_dict(state["position"])

    def state(self) -> dict[str, Any]:
        return {"row": self._row, "position": self._dataset.state_dict()}

    def __iter__(self) -> Iterator[Document]:
        rows = iter(self._dataset)
        while (table := self._next_row(rows)) is not None:
            self._row += 1
            yield self._document(table)

    def _next_row(self, rows: Iterator["pa.Table"]) -> "pa.Table | None":
        try:
            return next(rows, None)
        # The library lets through whatever Arrow, fsspec or the HTTP client raised.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise self._unreadable(f"{self._name} row {self._row + 1}: unreadable ({reason})") from error

    def _document(self, table: "pa.Table") -> Document:
        where = f"{self._name} row {self._row}"
        text, row_id = (_value(table, column, where) for column in ("text", "id"))
        return document_of(text, row_id, where=where, fallback_id=f"{self._name}:{self._row}")


def _value(table: "pa.Table", column: str, where: str) -> Any:
    if column not in table.column_names:
        return None
    try:
        return table[column][0].as_py()
    except UnicodeDecodeError as error:
        raise SourceBroken(f"{where}: '{column}' is not UTF-8 at byte {error.start}") from error
