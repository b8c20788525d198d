"""The end of what a submission printed: hostile text, read with a cap and never followed through a link."""

import os
from dataclasses import dataclass
from pathlib import Path

from evaluations.models import Attempt
from prism_site.config import env

TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Tail:
    """The last part of a log, and how much there is in all."""

    text: str
    total_bytes: int

    @property
    def is_cut(self) -> bool:
        """Whether the beginning is left out."""
        return self.total_bytes > TAIL_BYTES


def tail(attempt: Attempt | None) -> Tail | None:
    """The last 16 KiB of an attempt's log; nothing where there is none."""
    if attempt is None:
        return None
    return read_tail(env().artifact_path / attempt.label / "learner.log")


def read_tail(path: Path) -> Tail | None:
    """The last 16 KiB of a regular file; nothing for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        total = os.fstat(file.fileno()).st_size
        file.seek(max(0, total - TAIL_BYTES))
        return Tail(file.read(TAIL_BYTES).decode("utf-8", "replace"), total)
