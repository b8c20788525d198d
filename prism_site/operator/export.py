"""The audit trail as a file: CSV for spreadsheets, JSON lines for programs, written as it is read."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from prism_site.operator.audit import Entry

COLUMNS = ("at", "by", "verb", "subject", "code", "before", "after", "note")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute a cell that begins so


class _Echo:
    """A file whose `write` gives back what was written, for `csv.writer`."""

    def write(self, text: str) -> str:
        return text


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A heading, then a line per entry; before and after are JSON."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for entry in entries:
        yield writer.writerow([_cell(value) for value in _values(entry).values()])


def as_json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """An object per line with the same members."""
    for entry in entries:
        yield json.dumps(_values(entry), sort_keys=True, ensure_ascii=False) + "\n"


def _values(entry: Entry) -> dict[str, Any]:
    return {**{name: getattr(entry, name) for name in COLUMNS}, "at": entry.at.isoformat()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA) else text
