"""Hashes of what a bundle's architecture and training are written as. No ORM."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluations.intake.bundle import Bundle
from evaluations.intake.manifest import Architecture, Training
from reviews.bounded_child import ChildEnded, ask

CHILD = Path(__file__).with_name("source_child.py")
WALL_SECONDS = 20.0  # the child's own limit is five seconds of processor time
VERSION = "1"  # of the normal form; hashes of another one are not comparable


@dataclass(frozen=True)
class SourceHashes:
    """SHA-256, 64 hex each; `training` is empty where the reference recipe trains."""

    architecture: str
    training: str


def source_hashes(bundle: Bundle) -> SourceHashes:
    """The architecture is its script, what that imports and what the manifest lists; so is the training,
    without what is the architecture's. Source that cannot be normalised counts as it stands.

    Raises:
        HostBusy: the host gave no time to read it in.
    """
    parts = _parts(bundle)
    forms = _forms(bundle.files, parts)
    architecture = _entries(bundle.files, parts["architecture"], forms["architecture"])
    training = _entries(bundle.files, parts.get("training", []), forms.get("training", {}))
    own = {file: form for file, form in training.items() if file not in architecture}
    return SourceHashes(_hash(architecture), _hash(own) if "training" in parts else "")


def _parts(bundle: Bundle) -> dict[str, list[str]]:
    manifest = bundle.manifest
    sections: dict[str, Architecture | Training] = {
        "architecture": manifest.architecture,
        "training": manifest.training,
    }
    if manifest.kind == "architecture_only":
        del sections["training"]
    return {part: [section.entrypoint, *section.files] for part, section in sections.items()}


def _forms(files: Mapping[str, bytes], parts: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
    """{part: {file: SHA-256}} of the Python files that each part is made of."""
    sources = {name: data.decode() for name, data in files.items() if name.endswith(".py")}
    question = {"sources": sources, "parts": {part: list(scripts) for part, scripts in parts.items()}}
    try:
        found: dict[str, dict[str, str]] = ask(CHILD, question, wall_seconds=WALL_SECONDS)
        return found
    except ChildEnded:
        return {part: {name: _raw(files[name]) for name in sources} for part in parts}


def _entries(files: Mapping[str, bytes], named: Iterable[str], forms: Mapping[str, str]) -> dict[str, str]:
    """With the data files that the manifest lists, byte by byte."""
    data = {name: _raw(files[name]) for name in named if name in files and not name.endswith(".py")}
    return {**data, **forms}


def _raw(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash(entries: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([VERSION, sorted(entries.items())]).encode()).hexdigest()
