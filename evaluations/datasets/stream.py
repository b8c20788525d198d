"""The byte stream of a run: documents in locked order, written once to a file that the runner reads."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluations.datasets.atomic import atomic_file
from evaluations.datasets.documents import Document
from evaluations.datasets.errors import DataExhausted
from evaluations.datasets.manifest import DataManifest
from evaluations.datasets.shards import iter_documents, verify
from evaluations.datasets.split import Split

SEPARATOR = b"\n\n"
# A UTF-8 character has at most four bytes, so a cut may fall this far short of its budget.
BOUNDARY_SLACK_BYTES = 3


@dataclass(frozen=True)
class StreamFile:
    """A materialised stream and the data it came from: the manifest's `data` section."""

    path: Path
    sha256: str
    bytes: int
    source: str
    revision: str
    manifest_sha256: str
    order_seed: int


def materialise_stream(
    data_dir: Path, *, order_seed: int, byte_budget: int, out: Path, allow_short: bool = False
) -> StreamFile:
    """Verify the shards, then write at most `byte_budget` bytes of train text to `out`, atomically.

    The bytes depend on the shards, `order_seed` and `byte_budget` alone, and a smaller budget gives a
    prefix. Raises ShardChanged and DataMissing, and DataExhausted when train is smaller than the
    budget, unless `allow_short`; text that is empty raises DataExhausted always.
    """
    return _materialise(data_dir, "train", order_seed, byte_budget, out, allow_short)


def materialise_heldout(
    val_data_dir: Path, *, order_seed: int, byte_budget: int, out: Path, allow_short: bool = False
) -> StreamFile:
    """The same of the secret val text, to a file in a folder that only we may enter."""
    out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    out.parent.chmod(0o700)
    stream = _materialise(val_data_dir, "val", order_seed, byte_budget, out, allow_short)
    out.chmod(0o600)
    return stream


def _materialise(
    data_dir: Path, split: Split, order_seed: int, byte_budget: int, out: Path, allow_short: bool
) -> StreamFile:
    if byte_budget < 1:
        raise ValueError(f"byte_budget must be positive, not {byte_budget}")
    manifest = verify(data_dir)
    _check_enough(data_dir, manifest, split, 1 if allow_short else byte_budget)
    digest, size = hashlib.sha256(), 0
    with atomic_file(out) as file:
        for piece in _cut(_joined(iter_documents(data_dir, split, order_seed)), byte_budget):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    return StreamFile(
        path=out,
        sha256=digest.hexdigest(),
        bytes=size,
        source=manifest.source,
        revision=manifest.revision,
        manifest_sha256=manifest.sha256,
        order_seed=order_seed,
    )


def _check_enough(data_dir: Path, manifest: DataManifest, split: Split, byte_budget: int) -> None:
    record = manifest.splits.get(split)
    documents = record.documents if record else 0
    available = record.text_bytes + len(SEPARATOR) * (documents - 1) if record and documents else 0
    if available < byte_budget:
        raise DataExhausted(
            f"{data_dir}: {split} holds {available} bytes in {documents} documents,"
            f" the run needs {byte_budget}; prepare more data or lower the byte budget"
        )


def _joined(documents: Iterable[Document]) -> Iterator[bytes]:
    for number, document in enumerate(documents):
        if number:
            yield SEPARATOR
        yield document.data


def _cut(pieces: Iterable[bytes], byte_budget: int) -> Iterator[bytes]:
    """The pieces up to the budget, the last one cut before the character that would cross it."""
    left = byte_budget
    for piece in pieces:
        if len(piece) > left:
            yield piece[:left].decode(errors="ignore").encode()
            return
        yield piece
        left -= len(piece)
