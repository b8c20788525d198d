"""Secrets that the project makes for itself: drawn once, kept in a file that only its user reads."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def kept_secret(path: Path) -> str:
    """The secret in `path`, made first if there is none.

    Two processes that start together get the same one: each writes a draft and links it to the name,
    and linking to a name that exists fails.
    """
    if not path.exists():
        make_secret(path)
    return path.read_text().strip()


def make_secret(path: Path) -> None:
    """Write 384 random bits to `path` (mode 0600), whole or not at all, unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
