"""Every document has a page, every link of every document leads somewhere, and words find headings."""

import re
from pathlib import Path

import pytest
from django.test import Client

from prism_site.config import ROOT
from prism_site.documents import shelf
from prism_site.documents.reading import leads_to, page_of, search

pytestmark = pytest.mark.django_db
LINK = re.compile(r'href="(/docs/[^"#]*|)(?:#([^"]+))?"')
GIVEN_BY_OTHERS = {"/docs/api/", "/docs/"}


def test_every_document_of_the_repository_is_read_once() -> None:
    files = {*(ROOT / "docs").rglob("*.md"), ROOT / "ARCHITECTURE.md"}
    assert {each.path for each in shelf.documents().values()} == files
    shown = [each.slug for group in shelf.groups() for each in group.documents]
    assert sorted(shown) == sorted(shelf.documents())


def test_what_the_shelf_names_is_there() -> None:
    named = {slug for slugs in shelf.GROUPS.values() for slug in slugs}
    assert named <= set(shelf.documents())


@pytest.mark.parametrize("slug", sorted(shelf.documents()))
def test_a_document_has_a_page_and_its_links_lead_somewhere(slug: str) -> None:
    document = shelf.documents()[slug]
    answer = Client().get(document.url)
    assert answer.status_code == 200
    assert page_of(document).title
    by_url = {each.url: each for each in shelf.documents().values()}
    for url, anchor in LINK.findall(page_of(document).html):
        target = by_url.get(url or document.url)
        assert target is not None or url in GIVEN_BY_OTHERS, (url, anchor)
        if anchor and target is not None:
            assert anchor in {heading.anchor for heading in page_of(target).headings}, (url, anchor)


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("runner.md", "/docs/runner/"),
        ("api.md#uploading", "/docs/http-api/#uploading"),
        ("decisions/0004-the-queue-is-a-doorbell.md", "/docs/decisions/0004-the-queue-is-a-doorbell/"),
        ("../ARCHITECTURE.md", "/docs/architecture/"),
        ("#here", "#here"),
        ("https://prism.example/x", "https://prism.example/x"),
        ("../LICENSE", None),
        ("../../../../etc/passwd", None),
        ("mailto:a@b.example", None),
        ("//elsewhere.example/x", None),
    ],
)
def test_links_of_the_repository_lead_about_the_site(link: str, leads: str | None) -> None:
    assert leads_to(link, ROOT / "docs" / "weights.md") == leads


def test_what_is_no_document_is_not_found() -> None:
    for slug in ("nothing", "../README", "decisions", "images/submission.png", "%2e%2e/prism_site/settings"):
        assert Client().get(f"/docs/{slug}/").status_code == 404, slug


def test_the_reader_of_the_api_stays_where_it_was() -> None:
    assert b"swagger" in Client().get("/docs/api/").content.lower()


def test_words_find_headings_wherever_they_stand() -> None:
    found = search("PROTOCOL")
    assert "/docs/integrity/#the-protocol" in [each.url for each in found]
    assert search("protocol zebra") == []
    assert search("  ") == []
    assert search("score bent")[0].heading.level == 1


def test_the_search_page_says_what_it_found() -> None:
    page = Client().get("/docs/", {"q": "snapshots"}).content.decode()
    assert 'href="/docs/weights/#snapshots"' in page
    assert "No title and no heading" in Client().get("/docs/", {"q": "<zebra>"}).content.decode()
    assert "&lt;zebra&gt;" in Client().get("/docs/", {"q": "<zebra>"}).content.decode()


def test_a_document_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# One\n")
    document = shelf.Document("a", path)
    assert page_of(document).title == "One"
    path.write_text("# Another\n")
    assert page_of(document).title == "Another"


def test_documents_are_for_reading() -> None:
    assert Client().post("/docs/").status_code == 405
