"""CommonMark with tables, as HTML that holds under the strict policy: markup in a text is never let through.

Syntax: https://spec.commonmark.org and the tables of https://github.github.com/gfm. Anchors are GitHub's, so
that one link works in the repository and on the site.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from prism_site.documents.diagrams import drawn

Resolve = Callable[[str], str | None]

_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Heading:
    """A heading: its level (1 the title), its words, and the anchor that leads there."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Page:
    """HTML that may be shown as it is, and its headings in order."""

    html: str
    headings: list[Heading]

    @property
    def title(self) -> str:
        """The first heading."""
        return self.headings[0].text if self.headings else ""


def render(text: str, resolve: Resolve) -> Page:
    """`resolve` says where a link of the text leads; one that leads nowhere becomes plain text."""
    parser = _parser()
    tokens = parser.parse(text)
    headings = _anchored(tokens)
    for token in tokens:
        _relink(token.children or [], resolve)
    return Page(str(parser.renderer.render(tokens, parser.options, {})), headings)


def _parser() -> MarkdownIt:
    """Raw markup is recognised so that comments can be dropped; all other markup is shown as text."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    for name, rule in {
        "html_block": _raw,
        "html_inline": _raw,
        "table_open": _table,
        "table_close": lambda *_: "</table></div>\n",
        "fence": _code,
        "code_block": _code,
    }.items():
        parser.renderer.rules[name] = rule  # type: ignore[attr-defined]
    return parser


def _raw(tokens: Sequence[Token], index: int, *_: Any) -> str:
    content = tokens[index].content
    return "" if _COMMENT.fullmatch(content) else _escaped(content)


def _table(tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Scrolls by itself; numbered, so that each region of the page has a name of its own."""
    number = sum(token.type == "table_open" for token in tokens[: index + 1])
    return f'<div class="table-scroll" tabindex="0" role="region" aria-label="Table {number}"><table>'


def _code(tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Scrolls by itself and can be reached by the keyboard; a diagram of a known kind is drawn."""
    is_diagram = tokens[index].info.strip() == "mermaid"
    if is_diagram and (svg := drawn(tokens[index].content)):
        figure = f'<figure class="diagram" tabindex="0" role="region" aria-label="Diagram {index}">'
        return f"{figure}{svg}</figure>\n"
    note = '<p class="aside-note">A diagram, in the notation of Mermaid:</p>' if is_diagram else ""
    code = _escaped(tokens[index].content)
    return f'{note}<div class="code"><pre tabindex="0"><code>{code}</code></pre></div>\n'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _anchored(tokens: Sequence[Token]) -> list[Heading]:
    """Give each heading its anchor; a repeated one is numbered."""
    headings, seen = [], Counter[str]()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = "".join(child.content for child in inline.children or [])
        anchor = anchor_of(text)
        seen[anchor] += 1
        if seen[anchor] > 1:
            anchor = f"{anchor}-{seen[anchor] - 1}"
        opening.attrSet("id", anchor)
        headings.append(Heading(int(opening.tag[1]), text, anchor))
    return headings


def anchor_of(text: str) -> str:
    """As GitHub makes it: lower case, no punctuation, hyphens for spaces."""
    return _NOT_IN_ANCHOR.sub("", text.lower()).replace(" ", "-")


def _relink(children: list[Token], resolve: Resolve) -> None:
    leads = True
    for token in children:
        if token.type == "image":
            token.type, token.tag, token.content = "text", "", f"[{token.content}]"  # pictures are not served
        if token.type == "link_open":
            target = resolve(str(token.attrGet("href") or ""))
            leads = target is not None
            if target is not None:
                token.attrSet("href", target)
        if token.type in ("link_open", "link_close") and not leads:
            token.type, token.content = "text", ""
