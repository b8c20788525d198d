"""Local Parquet and JSONL: all rows in order, resumable anywhere, broken rows named."""

import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluations.datasets.errors import SourceBroken, SourceUnsupported
from evaluations.datasets.local_files import LocalFiles, content_revision, find_files


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_every_row_comes_in_order_with_its_id(
    kind: str, request: pytest.FixtureRequest, texts: list[str]
) -> None:
    documents = list(LocalFiles([request.getfixturevalue(kind)]))
    assert [document.text for document in documents] == texts
    assert [document.source_id for document in documents] == [f"doc-{i}" for i in range(len(texts))]


@pytest.mark.parametrize("taken", [1, 36, 37, 200, 399, 400, 401, 640, 799, 800])
def test_a_source_reopened_from_its_state_goes_on_at_the_next_row(
    jsonl: Path, parquet: Path, taken: int
) -> None:
    whole = [document.source_id for document in LocalFiles([parquet, jsonl])]
    source = LocalFiles([parquet, jsonl])
    assert len(list(islice(source, taken))) == taken
    state = json.loads(json.dumps(source.state()))
    rest = [document.source_id for document in LocalFiles([parquet, jsonl], state)]
    assert rest == whole[taken:]


def test_rows_without_an_id_are_known_by_file_and_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "two", "id": 7}\n{"text": "three"}')
    assert [document.source_id for document in LocalFiles([path])] == ["a.jsonl:1", "7", "a.jsonl:4"]


BROKEN_LINES = {
    "not_json": b'{"text": "cut',
    "not_an_object": b'["text"]',
    "no_text": b'{"id": "x"}',
    "null_text": b'{"text": null}',
    "number": b'{"text": 3}',
    "empty": b'{"text": " "}',
    "id_list": b'{"text": "a", "id": []}',
    "bad_utf8": b'{"text": "\xff\xfe"}',
    "lone_surrogate": b'{"text": "\\ud800"}',
    "lone_surrogate_id": b'{"text": "a", "id": "\\ud800"}',
    "deep": b"[" * 100_000,
    "utf16": '{"text": "a"}'.encode("utf-16"),
}


@pytest.mark.parametrize("line", BROKEN_LINES.values(), ids=BROKEN_LINES.keys())
def test_a_broken_line_is_named_by_file_and_row(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(b'{"text": "fine"}\n' + line + b'\n{"text": "fine"}\n')
    with pytest.raises(SourceBroken, match=re.escape(f"{path} row 2: ")):
        list(LocalFiles([path]))


def _not_utf8() -> pa.Array:
    return pa.array([b"fine", b"\xff\xfe", b"fine"], type=pa.binary()).view(pa.string())


BROKEN_COLUMNS: dict[str, tuple[Callable[[], dict[str, object]], int]] = {
    "null": (lambda: {"text": ["fine", None]}, 2),
    "number": (lambda: {"text": [1, 2]}, 1),
    "no_text": (lambda: {"content": ["a"]}, 1),
    "bad_utf8": (lambda: {"text": _not_utf8()}, 2),
    "empty": (lambda: {"text": ["fine", "fine too", ""]}, 3),
}


@pytest.mark.parametrize(("columns", "row"), BROKEN_COLUMNS.values(), ids=BROKEN_COLUMNS.keys())
def test_a_broken_parquet_row_is_named(
    tmp_path: Path, columns: Callable[[], dict[str, object]], row: int
) -> None:
    path = tmp_path / "broken.parquet"
    pq.write_table(pa.table(columns()), path)
    with pytest.raises(SourceBroken, match=re.escape(f"{path} row {row}: ")):
        list(LocalFiles([path]))


@pytest.mark.parametrize("kept", [0, 3, 0.5, 0.99])
def test_a_truncated_parquet_file_is_named(tmp_path: Path, parquet: Path, kept: float) -> None:
    path = tmp_path / "truncated.parquet"
    whole = parquet.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else int(kept)])
    with pytest.raises(SourceBroken, match=re.escape(str(path))):
        list(LocalFiles([path]))


def test_a_folder_gives_its_files_in_order_of_name_and_ignores_others(jsonl: Path, parquet: Path) -> None:
    (jsonl.parent / "README.md").write_text("not data")
    assert find_files([jsonl.parent]) == [jsonl, parquet]


@pytest.mark.parametrize("name", ["absent", "absent.jsonl", "notes.txt", "empty_folder"])
def test_what_is_not_a_source_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "empty_folder").mkdir()
    with pytest.raises(SourceUnsupported, match=name):
        find_files([tmp_path / name])


def test_the_revision_of_local_files_follows_their_bytes_not_their_folder(
    tmp_path: Path, jsonl: Path
) -> None:
    moved = tmp_path / jsonl.name
    moved.write_bytes(jsonl.read_bytes())
    assert content_revision([moved]) == content_revision([jsonl])
    moved.write_bytes(jsonl.read_bytes() + b"\n")
    assert content_revision([moved]) != content_revision([jsonl])
