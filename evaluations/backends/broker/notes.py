"""What backend and courier tell each other through an attempt's folder; whole files, or none."""

import json
import os
from pathlib import Path
from typing import Any

from evaluations.backends.hostile_files import FileRefused, read_capped

REQUEST = "request.json"  # the body of the call
ORDER = "courier.json"  # whom to call, and how long to wait
PHASE = "phase.json"  # whether a call has been made
ANSWER = "answer.json"  # how it ended; written last
CALLING, WAITING = "calling", "waiting"
MAX_NOTE_BYTES = 64 << 10


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a note that only we may read."""
    write_bytes(path, json.dumps(value, sort_keys=True).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that is there whole after a loss of power, or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any] | None:
    """A note; None where there is none that can be read."""
    try:
        value = json.loads(read_capped(path, MAX_NOTE_BYTES) or b"null")
    except (OSError, FileRefused, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
