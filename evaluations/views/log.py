"""The end of what a submission printed."""

from dataclasses import dataclass

from evaluations.api.log import LOG_NAME, SLICE_BYTES, read_slice
from evaluations.backends.folders import folder_of
from evaluations.models import Attempt


@dataclass(frozen=True)
class Tail:
    """The last part of a log, and how many bytes there are in all."""

    text: str
    size_bytes: int

    @property
    def is_cut(self) -> bool:
        """Whether the beginning is left out."""
        return self.size_bytes > SLICE_BYTES


def tail(attempt: Attempt | None) -> Tail | None:
    """The last 64 KiB of an attempt's log; bytes that are not UTF-8 are replaced."""
    if attempt is None:
        return None
    path = folder_of(attempt.label) / LOG_NAME
    raw, size_bytes = read_slice(path, 0)
    if size_bytes > SLICE_BYTES:
        raw, size_bytes = read_slice(path, size_bytes - SLICE_BYTES)
    return Tail(raw.decode("utf-8", "replace"), size_bytes)
