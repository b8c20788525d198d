"""WCAG 2.2 contrast of the design tokens, in both themes: 4.5 for text, 3 for lines of a figure."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "ray") for ground in ("paper", "sheet", "sunk")),
    *((ink, "sheet") for ink in ("good", "warn", "bad", "held")),
    *((tone, f"{tone}-soft") for tone in ("ray", "good", "warn", "bad", "held")),
    *((ink, "ray-soft") for ink in ("ink", "ink-2", "ink-3")),
    ("on-ray", "ray"),
]
LINES = [("curve", "sheet"), ("ppmd", "sheet"), ("uniform", "sheet")]


def tokens(theme: int) -> dict[str, str]:
    text = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    return {found[1]: found[2 + theme] for found in TOKENS.finditer(text)}


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_the_standards() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT, ids=map(" on ".join, TEXT))
def test_text_can_be_read(ink: str, ground: str, theme: int) -> None:
    colours = tokens(theme)
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), LINES, ids=map(" on ".join, LINES))
def test_lines_can_be_seen(line: str, ground: str, theme: int) -> None:
    colours = tokens(theme)
    assert contrast(colours[line], colours[ground]) >= 3
