"""Finding archives in what a container printed: base64 between a BEGIN and an END mark.

The broker marks a writable mount by its number; our own program in the container marks its parts the same way
under its own name, for brokers that give nothing back. Who may print may print marks: they are only where to
look. What is found counts by its seal alone (`results`).
"""

import base64
import binascii
import re
from dataclasses import dataclass

MARK = re.compile(r"@@(BASE_BROKER_MOUNT|PLATFORM_BROKER_MOUNT|PRISM)_OUT\[([0-9]{1,4})\]:(BEGIN|END)@@")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
OURS = "PRISM"
MAX_SECTIONS = 64


@dataclass(frozen=True)
class Section:
    """One archive: printed by whom, and of which number."""

    owner: str
    index: int
    archive: bytes


def sections(stdout: str) -> list[Section]:
    """Every complete section in order, at most `MAX_SECTIONS` from the end.

    A mark without its partner, a section begun twice or one that is no base64 is passed over: what it would
    have held is missed later, by name.
    """
    found: list[Section] = []
    begun: re.Match[str] | None = None
    for mark in MARK.finditer(stdout):
        if mark[3] == "BEGIN":
            begun = mark
            continue
        if begun is not None and (begun[1], begun[2]) == (mark[1], mark[2]):
            archive = _decoded(stdout, begun.end(), mark.start())
            if archive:
                found.append(Section(mark[1], int(mark[2]), archive))
        begun = None
    return found[-MAX_SECTIONS:]


def without_sections(stdout: str) -> str:
    """What else was printed: between END and BEGIN."""
    kept, place, open_ = [], 0, False
    for mark in MARK.finditer(stdout):
        if mark[3] == "BEGIN" and not open_:
            kept.append(stdout[place : mark.start()])
            open_ = True
        elif mark[3] == "END":
            place, open_ = mark.end(), False
    return "".join(kept) + ("" if open_ else stdout[place:])


def _decoded(text: str, start: int, end: int) -> bytes:
    if not BASE64.fullmatch(text, start, end):
        return b""
    try:
        return base64.b64decode("".join(text[start:end].split()), validate=True)
    except binascii.Error:
        return b""
