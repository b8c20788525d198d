"""Passages of text: which are new, and how they are cut into documents of a readable size."""

import hashlib
from collections.abc import Iterable, Iterator

DOCUMENT_MIN_CHARS = 200
DOCUMENT_MAX_CHARS = 16_000


class Passages:
    """Remembers every paragraph it let through, by hash, so that none is let through twice."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def unseen(self, passages: Iterable[str]) -> Iterator[str]:
        """The passages without the paragraphs that came before, here or in an earlier call."""
        for passage in passages:
            # A docstring may hold an escaped lone surrogate, which has no UTF-8 form.
            text = passage.encode(errors="replace").decode()
            kept = [part for part in text.split("\n\n") if self._is_new(part)]
            if kept:
                yield "\n\n".join(kept)

    def _is_new(self, paragraph: str) -> bool:
        # Layout does not make a paragraph new: topics repeat each other with other indentation.
        words = " ".join(paragraph.split())
        key = hashlib.sha256(words.encode()).digest()[:16]
        if not words or key in self._seen:
            return False
        self._seen.add(key)
        return True


def cut(passages: Iterable[str]) -> Iterator[str]:
    """Join passages into documents of at most about 16 000 characters, cut between paragraphs.

    What is left over at the end is dropped if it is shorter than 200 characters and stands alone.
    """
    parts: list[str] = []
    size = 0
    for part in (part for passage in passages for part in passage.split("\n\n")):
        if size + len(part) > DOCUMENT_MAX_CHARS and size >= DOCUMENT_MIN_CHARS:
            yield "\n\n".join(parts)
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 2
    if size >= DOCUMENT_MIN_CHARS:
        yield "\n\n".join(parts)
