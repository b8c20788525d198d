"""Two sources side by side, as rows that a template only prints. Pure.

The source is hostile: lines and tokens are aligned by rapidfuzz's bit-parallel LCS (difflib needs minutes for
lines that are made for it), everything is capped, and what a screen would hide is written out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from pygments.lexers.python import PythonLexer
from rapidfuzz.distance import LCSseq

from prism_site.operator.visible import Span, spans_of

MAX_CHARS = 262_144  # of each side
MAX_LINES = 1_500  # of each side
MAX_LINE_CHARS = 300
TOKEN_CHARS = 40_000  # of changed lines whose tokens are compared; later ones are marked whole
TRIVIAL_CHARS = 4  # a line as short as `)` or `try` belongs to nobody

LINE_ENDS = re.compile(r"\r\n|\r|\n")  # as Python's own tokenizer splits: not at form feeds or U+2028
LEXER = PythonLexer(stripnl=False, ensurenl=False)

RowKind = Literal["same", "changed", "left", "right"]
Block = tuple[bool, range, range]  # whether equal, lines of the left, lines of the right


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of one side."""

    number: int  # 1-based
    spans: tuple[Span, ...]
    boilerplate: bool  # also stands in the project's own examples, or is trivial
    elsewhere: bool  # stands on the other side too, at another place


@dataclass(frozen=True, kw_only=True)
class Row:
    """Two lines beside each other; `left` and `right` rows have one of them only."""

    kind: RowKind
    left: Line | None
    right: Line | None


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All rows; `is_cut` where one of the sides was too long to show."""

    rows: list[Row]
    is_cut: bool


def compare(left: str, right: str, boilerplate: frozenset[str] = frozenset()) -> Diff:
    """The earlier source on the left, the later on the right; lines are compared without indentation."""
    (lefts, left_cut), (rights, right_cut) = _lines(left), _lines(right)
    sides = _Sides(lefts, rights, boilerplate)
    return Diff(rows=list(sides.rows()), is_cut=left_cut or right_cut)


def lines_of(source: str, boilerplate: frozenset[str] = frozenset()) -> list[Line]:
    """A source by itself, with the same care."""
    return [
        Line(
            number=number,
            spans=spans_of(text, limit=MAX_LINE_CHARS),
            boilerplate=is_dull(text.strip(), boilerplate),
            elsewhere=False,
        )
        for number, text in enumerate(_lines(source)[0], start=1)
    ]


def keys_of(source: str) -> list[str]:
    """What lines are compared by: the lines that are shown, without indentation."""
    return [line.strip() for line in _lines(source)[0]]


def is_dull(key: str, boilerplate: frozenset[str]) -> bool:
    """Whether a line says nothing about who wrote it."""
    return len(key) < TRIVIAL_CHARS or key in boilerplate


def _lines(source: str) -> tuple[list[str], bool]:
    """The lines that are shown, and whether some are not."""
    lines = LINE_ENDS.split(source[:MAX_CHARS])
    if lines[-1] == "":
        lines.pop()
    return lines[:MAX_LINES], len(source) > MAX_CHARS or len(lines) > MAX_LINES


class _Sides:
    """Both sources while they are being compared."""

    def __init__(self, lefts: list[str], rights: list[str], boilerplate: frozenset[str]) -> None:
        self.lefts, self.rights, self.boilerplate = lefts, rights, boilerplate
        self.left_keys = [line.strip() for line in lefts]
        self.right_keys = [line.strip() for line in rights]
        self.left_set, self.right_set = set(self.left_keys), set(self.right_keys)
        self.token_chars = 0

    def rows(self) -> Iterator[Row]:
        for equal, lefts, rights in blocks(self.left_keys, self.right_keys):
            if equal:
                for left, right in zip(lefts, rights, strict=True):
                    yield Row(kind="same", left=self._left(left), right=self._right(right))
            else:
                for old, new in zip_longest(lefts, rights):
                    yield self._row(old, new)

    def _row(self, left: int | None, right: int | None) -> Row:
        if left is None or right is None:
            kind: RowKind = "right" if left is None else "left"
            old = None if left is None else self._left(left, moved=True)
            return Row(kind=kind, left=old, right=None if right is None else self._right(right, moved=True))
        marks_left, marks_right = self._token_marks(self.lefts[left], self.rights[right])
        return Row(
            kind="changed",
            left=self._left(left, marks_left, moved=True),
            right=self._right(right, marks_right, moved=True),
        )

    def _token_marks(self, left: str, right: str) -> tuple[list[range], list[range]]:
        old, new = left[:MAX_LINE_CHARS], right[:MAX_LINE_CHARS]
        self.token_chars += len(old) + len(new)
        return changed_tokens(old, new) if self.token_chars <= TOKEN_CHARS else ([], [])

    def _left(self, place: int, marks: Sequence[range] = (), *, moved: bool = False) -> Line:
        key = self.left_keys[place]
        return self._line(place, self.lefts[place], key, marks, moved and key in self.right_set)

    def _right(self, place: int, marks: Sequence[range] = (), *, moved: bool = False) -> Line:
        key = self.right_keys[place]
        return self._line(place, self.rights[place], key, marks, moved and key in self.left_set)

    def _line(self, place: int, text: str, key: str, marks: Sequence[range], elsewhere: bool) -> Line:
        dull = is_dull(key, self.boilerplate)
        spans = spans_of(text, marks, limit=MAX_LINE_CHARS)
        return Line(number=place + 1, spans=spans, boilerplate=dull, elsewhere=elsewhere and not dull)


def blocks(lefts: Sequence[str], rights: Sequence[str]) -> Iterator[Block]:
    """Runs of equal and of differing items, in order; together they cover both sides."""
    left = right = 0
    for code in LCSseq.opcodes(lefts, rights):
        if code.tag != "equal":
            continue
        if left < code.src_start or right < code.dest_start:
            yield False, range(left, code.src_start), range(right, code.dest_start)
        yield True, range(code.src_start, code.src_end), range(code.dest_start, code.dest_end)
        left, right = code.src_end, code.dest_end
    if left < len(lefts) or right < len(rights):
        yield False, range(left, len(lefts)), range(right, len(rights))


def changed_tokens(left: str, right: str) -> tuple[list[range], list[range]]:
    """The places (in characters) of the tokens that the other line does not have."""
    old, new = _tokens(left), _tokens(right)
    marks: tuple[list[range], list[range]] = ([], [])
    for equal, lefts, rights in blocks([text for _, text in old], [text for _, text in new]):
        if not equal:
            marks[0].extend(_places(old, lefts))
            marks[1].extend(_places(new, rights))
    return marks


def _tokens(line: str) -> list[tuple[int, str]]:
    """(place, text) of each token; a line by itself, so that no earlier line can stall the lexer."""
    return [(place, text) for place, _, text in LEXER.get_tokens_unprocessed(line) if not text.isspace()]


def _places(tokens: list[tuple[int, str]], chosen: range) -> Iterator[range]:
    for number in chosen:
        place, text = tokens[number]
        yield range(place, place + len(text))
