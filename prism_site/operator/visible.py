"""Text of strangers made visible: what a screen would hide, turn around or confuse is marked. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

TAB = "    "
MAX_SPANS = 40  # of one line; the rest of it is one piece, so that no line makes a page of its own


@dataclass(frozen=True)
class Span:
    """A piece of a line; `tone` holds the CSS classes: changed, hidden (written out), foreign (not ASCII)."""

    text: str
    tone: str = ""


def spans_of(line: str, marks: Sequence[range] = (), *, limit: int) -> tuple[Span, ...]:
    """A line in pieces: changed where `marks` say so; cut after `limit` characters, which is said."""
    pieces = list(_pieces(line[:limit], marks))
    if len(pieces) > MAX_SPANS:
        rest = "".join(piece.text for piece in pieces[MAX_SPANS:])
        pieces[MAX_SPANS:] = [Span(rest, pieces[MAX_SPANS].tone)]
    if len(line) > limit:
        pieces.append(Span(f"… {len(line) - limit} more characters", "hidden"))
    return tuple(pieces)


def shown(text: str) -> str:
    """A text of one or more lines in which nothing is hidden: the character 202E becomes `⟨U+202E⟩`."""
    lines = text.split("\n")
    return "\n".join("".join(span.text for span in _spans(line, "")) for line in lines)


def _pieces(line: str, marks: Sequence[range]) -> Iterator[Span]:
    place = 0
    for mark in marks:
        yield from _spans(line[place : mark.start], "")
        yield from _spans(line[mark.start : mark.stop], "changed")
        place = max(place, mark.stop)
    yield from _spans(line[place:], "")


def _spans(text: str, tone: str) -> Iterator[Span]:
    """Runs of characters of one sort, each a span."""
    if text.isascii() and text.isprintable():
        yield Span(text, tone)
        return
    for sort, run in groupby(text, key=_sort_of):
        characters = "".join(run)
        if sort == "hidden":
            written_out = "".join(map(_written_out, _runs(characters)))
            yield Span(written_out, f"{tone} hidden".strip())
        else:
            yield Span(characters.replace("\t", TAB), f"{tone} {sort}".strip())


def _runs(characters: str) -> Iterator[str]:
    return ("".join(run) for _, run in groupby(characters))


def _sort_of(character: str) -> str:
    if " " <= character <= "~" or character == "\t":
        return ""
    return "foreign" if is_seen(character) else "hidden"


def _written_out(run: str) -> str:
    """One character, perhaps many times: `⟨U+202E⟩`, `⟨U+00A0 ×40⟩`."""
    times = f" ×{len(run)}" if len(run) > 1 else ""
    return f"⟨U+{ord(run[0]):04X}{times}⟩"


def is_seen(character: str) -> bool:
    """Whether a screen shows a character by itself, where it stands: no control, no format, no odd space."""
    return character == " " or unicodedata.category(character)[0] in "LNPS"
