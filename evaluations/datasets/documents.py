"""One document of text, and what every source of documents can do."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol


@dataclass(frozen=True)
class Document:
    """UTF-8 text and the name that its source knows it by."""

    text: str
    source_id: str

    @cached_property
    def data(self) -> bytes:
        """The text in UTF-8; raises UnicodeEncodeError for lone surrogates."""
        return self.text.encode()

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the UTF-8 text: what decides the split."""
        return hashlib.sha256(self.data).hexdigest()


class DocumentSource(Protocol):
    """Documents in a fixed order, from wherever the source was told to go on."""

    def __iter__(self) -> Iterator[Document]: ...

    def state(self) -> dict[str, Any]:
        """JSON that reopens the source right after the document yielded last."""
