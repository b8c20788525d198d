"""Contrast of what only the operator's pages put together: marks on the chosen row and in the diff."""

import pytest

from tests.evaluations_pages.test_contrast import contrast, tokens

PAIRS = [
    *((tone, "ray-soft") for tone in ("bad", "held", "good")),
    *((tone, "sunk") for tone in ("ink", "ink-2")),
    *(("ink", ground) for ground in ("bad-soft", "good-soft")),
    ("warn", "warn-soft"),
    *((tone, "sheet") for tone in ("bad", "good", "held", "warn", "ink-3")),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_marks_can_be_read(theme: int) -> None:
    colours = tokens(theme)
    weak = [pair for pair in PAIRS if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    assert weak == []
