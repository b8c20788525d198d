"""Benchmark packs that the operator staged: a folder each, with JSONL files and where they are from."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluations.datasets.errors import PackInvalid
from evaluations.datasets.pack_lines import MAX_LINE_BYTES, LineRefused, PackItem, item_of

ABOUT = "pack.json"
ABOUT_FIELDS = ("name", "revision", "licence")
MAX_PACK_BYTES = 256 << 20
MAX_ITEMS = 200_000
MOST_FAULTS = 20  # more of one pack say nothing new
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Fault:
    """Something wrong with a pack: where, and what. Line 0 is the file as a whole."""

    file: str
    line: int
    code: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.code}: {self.sentence}"


@dataclass
class StagedPack:
    """A pack as it lies there; it is used only if it has no faults."""

    name: str
    about: dict[str, str] = field(default_factory=dict)
    items: list[PackItem] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def with_choices(self) -> bool:
        """Whether the items give choices; all of a pack do or none."""
        return any(len(item.answers) > 1 for item in self.items)

    def text(self) -> bytes:
        """All items as a run reads them, whichever files they came from; its SHA-256 names the pack."""
        return "".join(item.as_json() for item in self.items).encode()


def staged_folders(folder: Path) -> list[Path]:
    """The packs below a folder, by name; none where it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def files_of(folder: Path) -> list[Path]:
    """The JSONL files of a pack, in order of name."""
    return sorted(path for path in folder.glob("*.jsonl") if path.is_file())


def read_pack(folder: Path) -> StagedPack:
    """A pack without faults; raises `PackInvalid` naming the first fault."""
    pack = check_pack(folder)
    if pack.faults:
        raise PackInvalid(f"the benchmark pack {pack.name} cannot be used: {pack.faults[0]}")
    return pack


def check_pack(folder: Path) -> StagedPack:
    """Read a pack with everything that is wrong with it, up to 20 faults."""
    pack, files = StagedPack(folder.name), files_of(folder)
    if not NAME.fullmatch(folder.name):
        _fault(pack, folder.name, 0, "pack_name", "a pack is named by lower-case letters, digits and _")
    _read_about(pack, folder / ABOUT)
    if sum(file.stat().st_size for file in files) > MAX_PACK_BYTES:
        _fault(pack, folder.name, 0, "pack_too_large", f"the files have more than {MAX_PACK_BYTES} bytes")
        return pack
    for file in files:
        _read_items(pack, file)
    if not pack.items and not pack.faults:
        _fault(pack, folder.name, 0, "pack_empty", "there is no item in any *.jsonl file")
    return pack


def _read_about(pack: StagedPack, path: Path) -> None:
    if not path.is_file():
        return
    try:
        found = json.loads(path.read_bytes()[:MAX_LINE_BYTES].decode())
    except (ValueError, RecursionError) as error:
        _fault(pack, path.name, 0, "pack_about", f"not JSON: {error}")
        return
    is_sound = isinstance(found, dict) and found.keys() <= set(ABOUT_FIELDS)
    if not is_sound or not all(isinstance(value, str) and len(value) <= 200 for value in found.values()):
        _fault(pack, path.name, 0, "pack_about", f"an object with texts for {', '.join(ABOUT_FIELDS)}")
        return
    pack.about = found


def _read_items(pack: StagedPack, file: Path) -> None:
    for number, line in _lines(file):
        if len(pack.faults) >= MOST_FAULTS:
            return
        try:
            _add(pack, item_of(line))
        except LineRefused as error:
            _fault(pack, file.name, number, error.code, str(error))


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not blank; of one that is too long so much that it is refused."""
    with file.open("rb") as opened:
        number = 0
        while line := opened.readline(MAX_LINE_BYTES + 1):
            number += 1
            rest = line
            while not rest.endswith(b"\n") and (rest := opened.readline(MAX_LINE_BYTES)):
                pass
            if line.strip():
                yield number, line


def _add(pack: StagedPack, item: PackItem) -> None:
    if pack.items and (len(item.answers) > 1) != pack.with_choices:
        raise LineRefused("pack_mixed", "some items give choices and some do not: make two packs of them")
    if len(pack.items) >= MAX_ITEMS:
        raise LineRefused("pack_too_many_items", f"more than {MAX_ITEMS} items")
    pack.items.append(item)


def _fault(pack: StagedPack, file: str, line: int, code: str, sentence: str) -> None:
    pack.faults.append(Fault(file, line, code, sentence))
