"""Local Parquet and JSONL files of the hub's schema, one after the other."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evaluations.datasets.documents import Document, DocumentSource
from evaluations.datasets.errors import SourceBroken, SourceUnsupported
from evaluations.datasets.jsonl import JsonLines
from evaluations.datasets.streamed import StreamedRows

JSON_SUFFIXES = (".jsonl", ".ndjson")
SUFFIXES = (".parquet", *JSON_SUFFIXES)


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Files as given, folders as their Parquet and JSONL files in order of name.

    Raises SourceUnsupported for a path that is absent, of another kind, or a folder without any.
    """
    found: list[Path] = []
    for path in paths:
        found += _expand(path)
    if not found:
        raise SourceUnsupported("no local file was named: give --path FILE_OR_FOLDER")
    return found


def _expand(path: Path) -> list[Path]:
    if path.is_file() and path.suffix in SUFFIXES:
        return [path]
    if not path.is_dir():
        raise SourceUnsupported(f"{path}: neither a folder nor a file of {', '.join(SUFFIXES)}")
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise SourceUnsupported(f"{path}: holds no file of {', '.join(SUFFIXES)}")
    return files


def content_revision(files: Sequence[Path]) -> str:
    """`sha256:…` over the names and bytes of the files: what a commit is to the hub."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"


class LocalFiles:
    """The documents of all files in order; its state is the file's number and the place inside it."""

    def __init__(self, files: Sequence[Path], state: dict[str, Any] | None = None) -> None:
        self._files = list(files)
        self._number = int(state["file"]) if state else 0
        self._inner_state = state["inner"] if state else None
        self._open: DocumentSource | None = None

    def state(self) -> dict[str, Any]:
        inner = self._open.state() if self._open else self._inner_state
        return {"file": self._number, "inner": inner}

    def __iter__(self) -> Iterator[Document]:
        while self._number < len(self._files):
            self._open = _open(self._files[self._number], self._inner_state)
            yield from self._open
            self._number, self._open, self._inner_state = self._number + 1, None, None


def _open(path: Path, state: dict[str, Any] | None) -> DocumentSource:
    if path.suffix in JSON_SUFFIXES:
        return JsonLines(path, state)
    return _open_parquet(path, state)


def _open_parquet(path: Path, state: dict[str, Any] | None) -> StreamedRows:
    from datasets import load_dataset

    try:
        rows = load_dataset("parquet", data_files=[str(path)], split="train", streaming=True)
    except (ValueError, OSError) as error:  # ArrowInvalid is a ValueError
        raise SourceBroken(f"{path} row 1: unreadable ({error})") from error
    return StreamedRows(rows, name=str(path), state=state)
