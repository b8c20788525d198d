"""The texts of a run as an assignment names them: hashes and code lengths, kept so that asking costs nothing.

A validator reads its own copy and compares; the bytes here are hashed when the record is made, not each time.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluations import bell
from evaluations.backends.prepare import HELDOUT_BYTES, Texts, schedule_of, texts_of
from evaluations.datasets.atomic import atomic_file
from evaluations.datasets.errors import DataError
from evaluations.datasets.folder_lock import folder_lock
from evaluations.datasets.manifest import load_manifest
from evaluations.datasets.stream import StreamFile
from evaluations.enums import Mode
from evaluations.validators.refusals import AssignmentsUnavailable
from prism_site.config import env
from prism_site.policy.resolve import Policy, resolve_policy

AT_ONCE_BYTES = 16 << 20  # a larger text is made by the queue: PPMd reads a few megabytes a second
TICK = "evaluations.validators.texts.make_texts"
TICK_SECONDS = 6 * 3600


def texts_for(mode: Mode, seed: int, policy: Policy) -> Texts:
    """The texts of every run of a mode and seed.

    Raises:
        AssignmentsUnavailable: `texts_not_ready` while the queue makes them, a `data_` code, `host_storage`.
    """
    try:
        record = _record(mode, seed, policy)
        if record.is_file():
            return _read(record)
        if policy.execution_mode_targets.of(mode).byte_budget > AT_ONCE_BYTES:
            _ask_for(mode, seed)
        return _make(record, mode, seed, policy)
    except DataError as error:
        raise AssignmentsUnavailable(error.code, str(error)) from error
    except OSError as error:
        raise AssignmentsUnavailable("host_storage", str(error.strerror)) from error


def make_texts(mode: str, seed: str) -> None:
    """The tick: make the texts of a mode and seed under the policy in force, unless they are there."""
    policy = resolve_policy(official=Mode(mode).is_official)
    record = _record(Mode(mode), int(seed), policy)
    if not record.is_file():
        _make(record, Mode(mode), int(seed), policy)


def _ask_for(mode: Mode, seed: int) -> None:
    bell.ring(TICK, mode.value, str(seed), once=True, timeout=TICK_SECONDS)
    raise AssignmentsUnavailable("texts_not_ready", f"The text of {mode.value} is being laid out.")


def _record(mode: Mode, seed: int, policy: Policy) -> Path:
    """Where the record lies: named by all that the texts depend on."""
    schedule = asdict(schedule_of(policy.execution_mode_targets.of(mode)))
    parts = [_name_of(env().data_path), _heldout_name(), HELDOUT_BYTES[mode], seed, schedule]
    name = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return env().var_dir / "streams" / f"{name[:32]}.texts.json"


def _name_of(folder: Path) -> str:
    return load_manifest(folder).sha256


def _heldout_name() -> str:
    try:
        return _name_of(env().val_data_path)
    except DataError:
        return ""


def _make(record: Path, mode: Mode, seed: int, policy: Policy) -> Texts:
    """Lay the texts out, one process at a time: raises `DataBusy` beside another."""
    with folder_lock(record.parent):
        texts = texts_of(mode, seed, policy)
        with atomic_file(record) as file:
            file.write(json.dumps(asdict(texts), default=str).encode())
    return texts


def _read(record: Path) -> Texts:
    found: dict[str, Any] = json.loads(record.read_bytes())
    return Texts(
        stream=_stream(found["stream"]),
        heldout=_stream(found["heldout"]) if found["heldout"] else None,
        yardsticks=found["yardsticks"],
    )


def _stream(found: dict[str, Any]) -> StreamFile:
    return StreamFile(**{**found, "path": Path(found["path"])})
