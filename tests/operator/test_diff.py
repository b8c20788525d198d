"""The side-by-side diff: what is aligned, greyed and written out, and that no source is slow."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.operator import diff
from prism_site.operator.diff import Diff, Line, compare
from prism_site.operator.visible import shown, spans_of

EARLIER = """import torch
from torch import nn

class Model(nn.Module):
    def forward(self, tokens):
        hidden = self.embed(tokens)
        return self.head(hidden)
"""


def text(line: Line | None) -> str:
    return "".join(span.text for span in line.spans) if line else ""


def kinds(found: Diff) -> list[str]:
    return [row.kind for row in found.rows]


def test_equal_sources_are_the_same_line_by_line() -> None:
    found = compare(EARLIER, EARLIER)
    assert set(kinds(found)) == {"same"}
    assert [text(row.left) for row in found.rows] == EARLIER.splitlines()


def test_changed_line_marks_its_changed_tokens_alone() -> None:
    found = compare(EARLIER, EARLIER.replace("hidden = self.embed(tokens)", "x = self.embed(tokens)"))
    changed = [row for row in found.rows if row.kind == "changed"]
    assert len(changed) == 1
    assert changed[0].right is not None
    assert [span.text for span in changed[0].right.spans if "changed" in span.tone] == ["x"]


def test_indentation_and_line_ends_do_not_count() -> None:
    later = EARLIER.replace("    ", "\t").replace("\n", "\r\n")
    assert set(kinds(compare(EARLIER, later))) == {"same"}


def test_moved_line_is_said_to_stand_elsewhere() -> None:
    found = compare("alpha = 1\nbeta = 2\n", "beta = 2\nalpha = 1\n")
    rows = [row for row in found.rows if row.kind == "right"]
    assert [row.right.elsewhere for row in rows if row.right] == [True]


def test_boilerplate_is_marked() -> None:
    found = compare(EARLIER, EARLIER, frozenset({"import torch", "from torch import nn"}))
    grey = [text(row.left) for row in found.rows if row.left and row.left.boilerplate]
    assert grey == ["import torch", "from torch import nn", ""]


def test_added_and_removed_lines_have_one_side() -> None:
    assert kinds(compare("first = 1\n", "first = 1\nsecond = 2\n")) == ["same", "right"]
    assert kinds(compare("first = 1\nsecond = 2\n", "second = 2\n")) == ["left", "same"]
    assert kinds(compare("", "only = 1")) == ["right"]
    assert kinds(compare("", "")) == []


def test_every_line_of_both_sides_is_shown_once_in_order() -> None:
    left, right = "a\nb\nc\nd\nb\n", "b\nx\nc\nc\na\n"
    found = compare(left, right)
    assert [row.left.number for row in found.rows if row.left] == [1, 2, 3, 4, 5]
    assert [row.right.number for row in found.rows if row.right] == [1, 2, 3, 4, 5]


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_blocks_cover_both_sides(lefts: list[str], rights: list[str]) -> None:
    found = list(diff.blocks(lefts, rights))
    assert [place for _, left, _ in found for place in left] == list(range(len(lefts)))
    assert [place for _, _, right in found for place in right] == list(range(len(rights)))
    for equal, left, right in found:
        if equal:
            assert [lefts[place] for place in left] == [rights[place] for place in right]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_can_be_compared(left: str, right: str) -> None:
    for row in compare(left, right).rows:
        assert row.left is not None or row.right is not None
        assert not {"\u202e", "\x1b", "\n", "\r", "\x00"} & set(text(row.left) + text(row.right))


def test_hidden_characters_are_written_out() -> None:
    spans = spans_of("if admin\u202e\u2066: #\u200b\u00a0\u00a0", limit=100)
    assert "".join(span.text for span in spans) == "if admin⟨U+202E⟩⟨U+2066⟩: #⟨U+200B⟩⟨U+00A0 ×2⟩"
    assert [span.tone for span in spans] == ["", "hidden", "", "hidden"]


def test_letters_that_only_look_like_ascii_are_marked() -> None:
    spans = spans_of("t\u043erch", limit=100)
    assert [(span.text, span.tone) for span in spans] == [("t", ""), ("\u043e", "foreign"), ("rch", "")]


def test_quotes_keep_their_lines_and_nothing_else() -> None:
    assert shown("one\n\ttwo\x1b[2J") == "one\n    two⟨U+001B⟩[2J"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("\n".join(["x = 1"] * 800), "\n".join(["x = 1", "y = 2"] * 400)),
        ("\n".join(f"{'(' * 290}{n}" for n in range(800)), "\n".join(f"{'@' * 290}{n}" for n in range(800))),
        ("\n".join("ab" * 9_000 for _ in range(800)), "\n".join("ba" * 9_000 for _ in range(800))),
        ("a" * 5_000_000, "\n" * 5_000_000),
        ("\n".join("aä" * 140 for _ in range(900)), "\n".join("\u200d\u202e" * 140 for _ in range(900))),
    ],
    ids=["repeated", "tokens", "long lines", "huge", "unusual"],
)
def test_hostile_sources_are_capped(left: str, right: str) -> None:
    found = compare(left, right)
    assert len(found.rows) <= 2 * diff.MAX_LINES
    shown_lines = [line for row in found.rows for line in (row.left, row.right) if line]
    assert all(len(line.spans) <= 42 for line in shown_lines)
    assert len(html.escape("".join(map(text, shown_lines)))) < 8_000_000


def test_cut_sources_say_so() -> None:
    assert compare("x\n" * (diff.MAX_LINES + 1), "x").is_cut
    assert not compare("x\n" * diff.MAX_LINES, "x").is_cut
    long = compare("y" * (diff.MAX_LINE_CHARS + 7), "").rows[0].left
    assert text(long).endswith("… 7 more characters")


def test_token_comparison_ends_with_its_budget() -> None:
    left = "\n".join(f"a{n} = 1 + 2  # {'x' * 30}" for n in range(1_400))
    rows = compare(left, left.replace("+", "-").replace("a", "b")).rows
    marked = [row for row in rows if row.left and any("changed" in span.tone for span in row.left.spans)]
    assert 0 < len(marked) < 1_400
