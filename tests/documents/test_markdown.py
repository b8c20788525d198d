"""Markdown becomes HTML that the policy of the site allows, with anchors and links that lead somewhere."""

import pytest

from prism_site.documents.markdown import Heading, anchor_of, render


def html_of(text: str, leads: str | None = None) -> str:
    return render(text, lambda link: leads).html


@pytest.mark.parametrize(
    "markup", ["<script>alert(1)</script>", '<img src=x onerror="x">', "a <b>bold</b> word"]
)
def test_markup_of_the_text_is_shown_not_run(markup: str) -> None:
    html = html_of(markup)
    assert not any(tag in html for tag in ("<script", "<img", "<b>"))
    assert "&lt;" in html


def test_comments_are_left_out() -> None:
    assert html_of("<!-- written by a command -->\nText\n") == html_of("Text\n") == "<p>Text</p>\n"


@pytest.mark.parametrize("link", ["[a](javascript:alert)", "[a](data:text/html,x)", "[a](vbscript:x)"])
def test_a_link_to_a_script_is_no_link(link: str) -> None:
    assert "href" not in render(link, lambda target: target).html


def test_a_link_that_leads_nowhere_is_text() -> None:
    assert html_of("see [the licence](LICENSE) first") == "<p>see the licence first</p>\n"


def test_a_link_leads_where_it_is_told() -> None:
    assert '<a href="/docs/runner/">' in html_of("[the run](runner.md)", "/docs/runner/")


def test_pictures_are_named_not_fetched() -> None:
    assert "<img" not in html_of("![A page](images/page.png)", "/x")


def test_headings_have_anchors_and_repeated_ones_a_number() -> None:
    page = render("# A *run*\n\n## What's `x_y`?\n\n## What's `x_y`?\n", lambda link: None)
    assert page.headings == [
        Heading(1, "A run", "a-run"),
        Heading(2, "What's x_y?", "whats-x_y"),
        Heading(2, "What's x_y?", "whats-x_y-1"),
    ]
    assert '<h2 id="whats-x_y-1">' in page.html
    assert page.title == "A run"


def test_anchors_are_those_of_the_repositorys_host() -> None:
    assert anchor_of("Rejected, or held?") == "rejected-or-held"
    assert anchor_of("Whose it is — and why") == "whose-it-is--and-why"


def test_tables_and_code_scroll_and_can_be_reached() -> None:
    html = html_of("| a |\n| - |\n| b |\n\n```python\nx < 1\n```\n\n| c |\n| - |\n| d |\n")
    assert 'tabindex="0" role="region" aria-label="Table 1"><table>' in html
    assert 'aria-label="Table 2"' in html
    assert '<pre tabindex="0"><code>x &lt; 1\n</code></pre>' in html


def test_a_diagram_of_an_unknown_kind_is_shown_as_its_notation() -> None:
    html = html_of("```mermaid\na --> b\n```\n")
    assert "notation of Mermaid" in html
    assert "a --&gt; b" in html
