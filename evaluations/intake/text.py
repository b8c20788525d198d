"""Every file of a bundle is text that a person and the interpreter read alike.

Bidirectional controls: Boucher and Anderson, "Trojan Source", 2021. Declared codings: PEP 263.
"""

import re

from evaluations.intake.refusals import BundleRefused

MAX_LINE_CHARS = 2000

_CONFIGURATION = (".json", ".yaml", ".yml")
_ZIP_MAGIC = b"PK\x03\x04"
_UTF8_BOM = b"\xef\xbb\xbf"
# A lone CR ends a line for Python but not for every viewer, so a comment could hide code behind it.
_RAW_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]|\r(?!\n)")
# DEL and C1; Arabic letter mark; zero width space, LRM, RLM; line and paragraph separators; embeddings,
# overrides and isolates; word joiner and invisible operators; BOM within; annotations; tags.
_HIDDEN = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_PLAIN = b"\t\n" + bytes(range(0x20, 0x7F))
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def check_text(name: str, data: bytes) -> str:
    """The text of the file `name`.

    JSON and YAML may hold long lines, and JSON (a vocabulary) any printable or formatting character.

    Raises:
        BundleRefused: text_*, zip_nested_archive, source_line_too_long.
    """
    if data.startswith(_ZIP_MAGIC):
        raise BundleRefused("zip_nested_archive", file=name)
    text = _decode(name, data)
    if name.endswith(".py"):
        _check_coding(name, data)
    if data.translate(None, _PLAIN):  # most source is plain, and a search costs ten times as much
        _refuse_match(_RAW_CONTROLS, name, text)
        if not name.endswith(".json"):
            _refuse_match(_HIDDEN, name, text)
    if not name.endswith(_CONFIGURATION):
        _check_lines(name, text)
    return text


def _decode(name: str, data: bytes) -> str:
    if b"\0" in data:
        raise BundleRefused("text_nul", file=name, line=_line(data, data.index(b"\0")))
    if data.startswith(_UTF8_BOM):
        raise BundleRefused("text_bom", file=name, line=1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleRefused("text_not_utf8", file=name, line=_line(data, error.start)) from error


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _refuse_match(pattern: re.Pattern[str], name: str, text: str) -> None:
    found = pattern.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise BundleRefused("text_control_chars", file=name, line=line)


def _check_coding(name: str, data: bytes) -> None:
    """Only the first two lines count; UTF-8 may be declared, as it is what we read."""
    for number, line in enumerate(data.split(b"\n", 2)[:2], start=1):
        found = _CODING.match(line)
        if found and found[1].lower() not in {b"utf-8", b"utf8"}:
            raise BundleRefused("text_coding_cookie", file=name, line=number)


def _check_lines(name: str, text: str) -> None:
    lines = text.split("\n")
    if max(map(len, lines)) <= MAX_LINE_CHARS:
        return
    number = next(number for number, line in enumerate(lines, start=1) if len(line) > MAX_LINE_CHARS)
    raise BundleRefused("source_line_too_long", file=name, line=number)
