"""Documents of one JSONL file, line by line, so that an error names its line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from evaluations.datasets.documents import Document
from evaluations.datasets.errors import SourceBroken
from evaluations.datasets.rows import document_of

# One line is held in memory; FineWeb's longest documents are a few MB.
MAX_LINE_BYTES = 64 * 2**20


class JsonLines:
    """Reads `text` and `id` of each line; other keys and blank lines are ignored."""

    def __init__(self, path: Path, state: dict[str, Any] | None = None) -> None:
        self.path = path
        self._offset = int(state["offset"]) if state else 0
        self._row = int(state["row"]) if state else 0

    def state(self) -> dict[str, Any]:
        return {"offset": self._offset, "row": self._row}

    def __iter__(self) -> Iterator[Document]:
        with self.path.open("rb") as file:
            file.seek(self._offset)
            while line := self._next_line(file):
                if not line.isspace():
                    yield self._document(line)

    def _next_line(self, file: BinaryIO) -> bytes:
        line = file.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            raise SourceBroken(f"{self.path} row {self._row + 1}: line exceeds {MAX_LINE_BYTES} bytes")
        self._offset += len(line)
        self._row += 1 if line else 0
        return line

    def _document(self, line: bytes) -> Document:
        where = f"{self.path} row {self._row}"
        record = _parse(line, where)
        fallback_id = f"{self.path.name}:{self._row}"
        return document_of(record.get("text"), record.get("id"), where=where, fallback_id=fallback_id)


def _parse(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SourceBroken(f"{where}: not UTF-8 at byte {error.start} of the line") from error
    except (ValueError, RecursionError) as error:
        raise SourceBroken(f"{where}: not JSON ({error})") from error
    if not isinstance(record, dict):
        raise SourceBroken(f"{where}: JSON {type(record).__name__}, not an object")
    return record
