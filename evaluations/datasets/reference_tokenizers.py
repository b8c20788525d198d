"""Reference tokenizers (`gpt2`, `llama`): staged from local files, as data that is never executed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from evaluations.datasets.atomic import atomic_file
from evaluations.datasets.errors import TokenizerChanged, TokenizerInvalid, TokenizerMissing

NAMES = ("gpt2", "llama")
FILE = "tokenizer.json"
SCHEMA_VERSION = "prism_tokenizers.v1"
# A Llama 3 tokenizer.json has 9 MB; anything far above is not one.
MAX_BYTES = 64 * 2**20


def stage_tokenizer(name: str, path: Path, data_dir: Path) -> dict[str, Any]:
    """Copy a `tokenizer.json` (or the one of a folder) to `data_dir/tokenizers/name/`.

    Returns its record {path, sha256, bytes, vocab_size}. Raises TokenizerInvalid.
    """
    if name not in NAMES:
        raise TokenizerInvalid(f"tokenizer {name!r}: choose one of {', '.join(NAMES)}")
    raw = _read(path / FILE if path.is_dir() else path)
    record = {
        "path": f"{name}/{FILE}",
        "sha256": hashlib.sha256(raw).hexdigest(),
        "bytes": len(raw),
        "vocab_size": _vocab_size(raw, path),
    }
    folder = data_dir / "tokenizers"
    with atomic_file(folder / name / FILE) as file:
        file.write(raw)
    _write_manifest(folder, _records(folder) | {name: record})
    return record


def staged_tokenizer(name: str, data_dir: Path) -> Path:
    """The verified path of a staged tokenizer; raises TokenizerMissing and TokenizerChanged."""
    folder = data_dir / "tokenizers"
    record = _records(folder).get(name)
    if record is None:
        raise TokenizerMissing(f"{folder}: {name!r} is not staged; `manage.py prepare_data --tokenizer`")
    path = folder / str(record["path"])
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != record["sha256"]:
        raise TokenizerChanged(f"{path}: differs from its manifest; stage it again")
    return path


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TokenizerInvalid(f"{path}: {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise TokenizerInvalid(f"{path}: larger than {MAX_BYTES} bytes")
    return raw


def _vocab_size(raw: bytes, path: Path) -> int:
    from tokenizers import Tokenizer

    try:
        size = Tokenizer.from_str(raw.decode("utf-8")).get_vocab_size()
    except Exception as error:  # the library raises plain Exception for whatever it cannot parse
        raise TokenizerInvalid(f"{path}: not a {FILE} ({error})") from error
    if not size:
        raise TokenizerInvalid(f"{path}: its vocabulary is empty")
    return int(size)


def _records(folder: Path) -> dict[str, Any]:
    path = folder / "MANIFEST.json"
    if not path.is_file():
        return {}
    try:
        body = json.loads(path.read_bytes())
        return dict(body["tokenizers"])
    except (ValueError, TypeError, KeyError) as error:
        raise TokenizerInvalid(f"{path}: not a {SCHEMA_VERSION} manifest ({error})") from error


def _write_manifest(folder: Path, records: dict[str, Any]) -> None:
    body = {"schema_version": SCHEMA_VERSION, "tokenizers": dict(sorted(records.items()))}
    with atomic_file(folder / "MANIFEST.json") as file:
        file.write(json.dumps(body, indent=1).encode() + b"\n")
