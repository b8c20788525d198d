"""Taking a job's manifest out of its folder, as if somebody wanted to do us harm with it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluations.backends.hostile_files import CODE, UNSTORABLE, FileRefused, read_capped
from evaluations.backends.jobs import Ending, Fault
from evaluations.runner.constants import MANIFEST_NAME
from evaluations.runner.manifest import MANIFEST_CAP_BYTES, ManifestInvalid, validate


def ending_in(folder: Path, exit_code: int | None, fault: Fault | None = None) -> Ending:
    """What became of a job whose results lie in `folder`; `fault` explains a missing manifest."""
    try:
        manifest = manifest_in(folder)
    except (ManifestInvalid, FileRefused) as error:
        return Ending(None, exit_code, Fault(error.code, str(error)))
    return Ending(manifest, exit_code, fault)


def manifest_in(folder: Path) -> dict[str, Any] | None:
    """The manifest of an ended job as a checked JSON object; None where it left none.

    Raises:
        ManifestInvalid: it is no manifest.
        FileRefused: it is not even a plain file.
    """
    raw = read_capped(folder / MANIFEST_NAME, MANIFEST_CAP_BYTES)
    if not raw:
        return None
    try:
        manifest = _parse(raw)
        validate(manifest)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid(f"not JSON: {error}") from error
    return manifest


def _parse(raw: bytes) -> dict[str, Any]:
    manifest = json.loads(raw, parse_constant=_refuse_constant)
    if not isinstance(manifest, dict):
        raise ManifestInvalid("not an object")
    _check_storable(manifest)
    return manifest


def _check_storable(manifest: dict[str, Any]) -> None:
    """What no database would take: NUL and lone surrogates in text, a code that is none."""
    if any(UNSTORABLE.search(text) for text in _texts(manifest)):
        raise ManifestInvalid("text that cannot be stored")
    if not isinstance(manifest.get("code"), str) or not CODE.fullmatch(manifest["code"]):
        raise ManifestInvalid("the code is no code")


def _texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value, keys included; without recursion, since depth is the sender's."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
