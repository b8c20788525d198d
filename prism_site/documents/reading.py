"""A document as it is read: rendered once for each change of its file, its links leading about the site."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from prism_site.documents import shelf
from prism_site.documents.markdown import Heading, Page, render
from prism_site.documents.shelf import Document


@dataclass(frozen=True)
class Found:
    """A heading that a search found; the document's own title where `heading` is its first."""

    document: Document
    title: str
    heading: Heading

    @property
    def url(self) -> str:
        """Where it is read."""
        return f"{self.document.url}#{self.heading.anchor}"


def page_of(document: Document) -> Page:
    """The page of a document.

    Raises:
        FileNotFoundError: the file was there at the start of this process and is gone.
    """
    return _rendered(document, document.path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _rendered(document: Document, changed_ns: int) -> Page:
    text = document.path.read_text(encoding="utf-8")
    return render(text, lambda link: leads_to(link, document.path))


def leads_to(link: str, source: Path) -> str | None:
    """Where a link of the file `source` leads on the site; None where it names a file that is not served."""
    parts = urlsplit(link)
    if parts.scheme in ("http", "https") or (not parts.path and parts.fragment):
        return link
    if parts.scheme or parts.netloc:
        return None
    if parts.path.startswith("/"):
        return link
    found = shelf.document_at(Path(os.path.normpath(source.parent / parts.path)))
    if found is None:
        return None
    return found.url + (f"#{parts.fragment}" if parts.fragment else "")


def search(words: str) -> list[Found]:
    """Headings that hold every word, wherever they stand in it; titles first."""
    wanted = words.lower().split()
    if not wanted:
        return []
    found = [each for document in shelf.documents().values() for each in _headings(document)]
    hits = [each for each in found if all(word in _searched(each) for word in wanted)]
    return sorted(hits, key=lambda each: each.heading.level)


def _headings(document: Document) -> list[Found]:
    page = page_of(document)
    return [Found(document, page.title, heading) for heading in page.headings]


def _searched(found: Found) -> str:
    """A heading is found by the words of its document's title too."""
    return f"{found.title} {found.heading.text}".lower()
