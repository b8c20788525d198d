"""From one row of a source to a document, or to an error that names the row."""

from evaluations.datasets.documents import Document
from evaluations.datasets.errors import SourceBroken


def document_of(text: object, row_id: object, *, where: str, fallback_id: str) -> Document:
    """Check one row; `where` reads like `part.jsonl row 7` and rows count from 1.

    Raises SourceBroken when `text` is absent, not a string, empty, or not encodable in UTF-8.
    """
    if text is None:
        raise SourceBroken(f"{where}: no 'text'")
    if not isinstance(text, str):
        raise SourceBroken(f"{where}: 'text' is {type(text).__name__}, not a string")
    if not text.strip():
        raise SourceBroken(f"{where}: 'text' is empty")
    if row_id is not None and not isinstance(row_id, str | int):
        raise SourceBroken(f"{where}: 'id' is {type(row_id).__name__}, not a string")
    document = Document(text, fallback_id if row_id is None else str(row_id))
    return checked(document, where)


def checked(document: Document, where: str) -> Document:
    """Raise SourceBroken for text that has no UTF-8 form, such as a lone surrogate."""
    try:
        document.source_id.encode()
        document.data  # noqa: B018 - encodes once, and keeps the bytes for hash and shard
    except UnicodeEncodeError as error:
        raise SourceBroken(f"{where}: not valid Unicode ({error.reason})") from error
    return document
