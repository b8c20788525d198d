"""`prism_run_manifest.v2.json`: written by the referee alone, read back as hostile input."""

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evaluations.runner.constants import MANIFEST_NAME, MANIFEST_SCHEMA

Section = dict[str, Any]
OPTIONAL = frozenset({"diagnostics"})  # absent from what was written before there was such a section
VERDICTS = ("scored", "rejected", "failed")
MANIFEST_CAP_BYTES = 64 << 20
TEXT_CAP_CHARS = 20_000


class ManifestInvalid(Exception):
    """Something that is no manifest of this schema."""

    code = "manifest_invalid"


@dataclass(frozen=True, kw_only=True)
class RunManifest:
    """One run's outcome; sections are null where the run ended before them."""

    schema_version: str
    submission_id: str
    run_id: str
    mode: str
    verdict: str
    code: str
    reason: str
    traceback: str
    score: Section | None
    curve: Section | None
    audit: Section | None
    integrity: Section
    heldout: Section | None
    model: Section | None
    training: Section | None
    data: Section
    run: Section
    diagnostics: list[Section] = field(default_factory=list)  # what looks inside the model found, on the way

    def to_json(self) -> str:
        """The file's text; refuses numbers that JSON does not have."""
        return json.dumps(asdict(self), indent=1, allow_nan=False)

    def write(self, folder: Path) -> Path:
        """Write the file whole or not at all, and only return when it would survive a power cut."""
        part, path = folder / (MANIFEST_NAME + ".part"), folder / MANIFEST_NAME
        with part.open("w", encoding="utf-8") as file:
            file.write(self.to_json())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return path


def read(path: Path) -> RunManifest:
    """The manifest in a file that may hold anything."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MANIFEST_CAP_BYTES:
        raise ManifestInvalid("not a regular file of a manifest's size")
    try:
        return validate(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid(f"not JSON: {str(error)[:200]}") from error


def validate(found: Any) -> RunManifest:
    """Check an untrusted object against the schema; raise `ManifestInvalid` naming the first fault."""
    fields = RunManifest.__dataclass_fields__
    if not isinstance(found, dict) or set(found) | OPTIONAL != set(fields):
        raise ManifestInvalid("the top level has other keys than the schema")
    _check_texts(found, [name for name, field in fields.items() if field.type is str])
    for name in ("score", "curve", "audit", "integrity", "heldout", "model", "training", "data", "run"):
        if found[name] is not None and not isinstance(found[name], dict):
            raise ManifestInvalid(f"{name} is not an object")
    if not _is_list_of_objects(found.get("diagnostics", [])):
        raise ManifestInvalid("diagnostics is no list of objects")
    if found["schema_version"] != MANIFEST_SCHEMA or found["verdict"] not in VERDICTS:
        raise ManifestInvalid("unknown schema or verdict")
    if None in (found["integrity"], found["data"], found["run"]):
        raise ManifestInvalid("integrity, data or run is missing")
    _check_numbers(found, "manifest")
    if found["verdict"] == "scored":
        _check_scored(found)
    return RunManifest(**found)


def _is_list_of_objects(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, dict) for item in found)


def _check_texts(found: Section, names: list[str]) -> None:
    for name in names:
        if not isinstance(found[name], str) or len(found[name]) > TEXT_CAP_CHARS or "\x00" in found[name]:
            raise ManifestInvalid(f"{name} is not a text of reasonable length")


def _check_numbers(value: Any, where: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ManifestInvalid(f"{where} holds a number that is not finite")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        _check_numbers(item, f"{where}.{key}")


def _check_scored(found: Section) -> None:
    score, curve = found["score"], found["curve"]
    if not score or not curve or not found["model"] or not found["training"]:
        raise ManifestInvalid("scored, but a section is missing")
    numbers = [score.get(name) for name in ("bpb", "bpb_se", "bits", "bytes", "multiplier", "step0_bpb")]
    if not all(isinstance(n, (int, float)) and n >= 0 for n in numbers) or score["bytes"] == 0:
        raise ManifestInvalid("score holds something that is no number of its kind")
    columns = [curve.get(name) for name in ("bytes", "bits", "bpb")]
    if not all(isinstance(column, list) and column for column in columns):
        raise ManifestInvalid("curve holds no columns")
    if len({len(column) for column in columns if column}) != 1:
        raise ManifestInvalid("the curve's columns differ in length")
    if columns[0][-1] != score["bytes"] or columns[1][-1] != score["bits"]:
        raise ManifestInvalid("the curve does not end at the score")
    if not math.isclose(score["bpb"], score["bits"] / score["bytes"], rel_tol=1e-9):
        raise ManifestInvalid("bpb is not bits over bytes")
