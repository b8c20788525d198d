"""What a checkpoint belongs to: the very same run, of the same files on the same text by the same code."""

import hashlib
import importlib.metadata
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluations.runner.job import Job

PACKAGE = Path(__file__).resolve().parent
LIBRARIES = ("torch", "numpy", "tokenizers", "safetensors")
PLACES = ("output_folder", "gpus")  # where a job is carried out, which may change between its attempts


def identity_of(job: Job) -> str:
    """SHA-256 (hex) over everything that decides a run's result: seed, text, policy's numbers, the secret,
    every file of the bundle, the runner's source, the libraries and the number of processors."""
    facts = _without_paths(asdict(job))
    facts = {name: value for name, value in facts.items() if name not in PLACES}
    facts |= {
        "bundle_files": _hash_of_tree(Path(job.bundle.folder), "*"),
        "tokenizer_files": {name: _hash_of(Path(path)) for name, path in job.reference_tokenizers.items()},
        "runner": _hash_of_tree(PACKAGE, "*.py"),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _without_paths(value: Any) -> Any:
    """The same without the places of files, which are named by their hashes."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in ("path", "folder")}
        kept.pop("reference_tokenizers", None)
        return {name: _without_paths(item) for name, item in kept.items()}
    if isinstance(value, (list, tuple)):
        return [_without_paths(item) for item in value]
    return value


def _hash_of_tree(folder: Path, pattern: str) -> str:
    paths = sorted(path for path in folder.rglob(pattern) if path.is_file() and not path.is_symlink())
    lines = [f"{path.relative_to(folder)} {_hash_of(path)}" for path in paths]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
