"""Pages of the documents: the shelf with its search, and each document with its contents."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from prism_site.documents import reading, shelf
from prism_site.documents.markdown import Page
from prism_site.documents.shelf import Document

CONTENTS_LEVELS = (2, 3)
MOST_WORDS = 100  # characters of a search


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All documents by reader, or the headings that hold the words of `?q=`."""
    words = request.GET.get("q", "").strip()[:MOST_WORDS]
    shown = {"words": words, "found": reading.search(words), "groups": _titled()}
    return render(request, "docs/index.html", shown)


@require_safe
def document(request: HttpRequest, slug: str) -> HttpResponse:
    """One document."""
    known = shelf.documents().get(slug)
    if known is None:
        raise Http404
    page = reading.page_of(known)
    contents = [heading for heading in page.headings if heading.level in CONTENTS_LEVELS]
    shown = {"document": known, "page": page, "contents": contents, "groups": _titled()}
    return render(request, "docs/document.html", shown)


def _titled() -> list[tuple[str, list[tuple[Document, Page]]]]:
    """The groups, each document with its page."""
    return [
        (group.title, [(each, reading.page_of(each)) for each in group.documents]) for group in shelf.groups()
    ]
