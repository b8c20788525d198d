"""Small real sources: the same documents as Parquet and as JSONL."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

WORDS = ("the", "of", "learning", "gradient", "café", "naïve", "漢字", "weight", "🙂", "loss", "byte")


def text_of(number: int) -> str:
    """A distinct text of some hundred bytes, with characters of one to four bytes."""
    picked = [WORDS[(number * 7 + i * i) % len(WORDS)] for i in range(20 + number % 50)]
    return f"Document {number}. " + " ".join(picked)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return [text_of(number) for number in range(400)]


@pytest.fixture
def jsonl(tmp_path: Path, texts: list[str]) -> Path:
    path = tmp_path / "source" / "part.jsonl"
    path.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"text": text, "id": f"doc-{i}", "url": "ignored"}) for i, text in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def parquet(tmp_path: Path, texts: list[str]) -> Path:
    path = tmp_path / "source" / "part.parquet"
    path.parent.mkdir(exist_ok=True)
    ids = [f"doc-{i}" for i in range(len(texts))]
    table = pa.table({"text": texts, "id": ids, "score": [0.5] * len(texts)})
    pq.write_table(table, path, row_group_size=37)
    return path


@pytest.fixture
def folder_bytes() -> Callable[[Path], dict[str, bytes]]:
    """Everything that a preparation leaves for readers: shards and manifests, by name."""

    def read(folder: Path) -> dict[str, bytes]:
        files = [*folder.rglob("*.parquet*"), *folder.rglob("MANIFEST.json*")]
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}

    return read
